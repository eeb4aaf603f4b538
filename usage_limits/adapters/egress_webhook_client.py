"""Webhooks over the guarded way out: checked and pinned addresses, https, bounds, no redirects."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from governance.egress import client
from governance.egress.client import Bounds
from governance.kernel.personal import Personal
from usage_limits.ports import WebhookAnswer

LONGEST_WAIT = 24 * 3600


class EgressWebhookClient:
    """The WebhookClient port. What the receiver says in its body is never read further."""

    def __init__(self, *, bounds: Bounds | None = None) -> None:
        self._bounds = bounds

    def post(self, *, url: Personal[str], body: bytes, headers: Mapping[str, str]) -> WebhookAnswer:
        answer = client.request(
            method="POST",
            url=url.reveal(),
            bounds=self._bounds or client.default_bounds(),
            body=body,
            headers={"Content-Type": "application/json", "User-Agent": "Lakewarden", **headers},
        )
        asked = {name.lower(): value for name, value in answer.headers.items()}
        return WebhookAnswer(
            status=answer.status,
            retry_after_seconds=_seconds(asked.get("retry-after", ""), said=asked.get("date", "")),
        )


def _seconds(text: str, *, said: str) -> int:
    """A Retry-After (RFC 9110, 10.2.3) in seconds; nonsense counts as none.

    A date is measured from the answer's own, so that clocks need not agree.
    """
    if text.isascii() and text.isdecimal():
        return min(int(text[:9]), LONGEST_WAIT)
    try:
        span = parsedate_to_datetime(text) - parsedate_to_datetime(said)
    except (TypeError, ValueError):
        return 0
    return min(max(int(span.total_seconds()), 0), LONGEST_WAIT)
