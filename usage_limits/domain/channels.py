"""Alert channels: who is told, of what, and whether the target can be told at all."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn
from urllib.parse import urlsplit

from governance.kernel.refusals import FieldError, Invalid
from usage_limits.domain.breaches import AlertEvent

MOST_CHANNELS = 20
WEBHOOK_PORTS = frozenset({443, 8443})
EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+"
)
LONGEST_URL = 2000
VISIBLE = re.compile(r"[\x21-\x7e]+")
CHOOSABLE = tuple(event for event in AlertEvent if event is not AlertEvent.TEST)


class ChannelKind(StrEnum):
    EMAIL = "email"
    WEBHOOK = "webhook"


class ChannelInvalid(Invalid):
    code = "alert_channel_invalid"
    sentence = "The alert channel is not valid. {problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """`events` empty means all of them."""

    kind: ChannelKind
    target: str
    events: tuple[AlertEvent, ...] = ()

    def wants(self, event: AlertEvent) -> bool:
        return event is AlertEvent.TEST or not self.events or event in self.events


def check_channel(channel: Channel) -> None:
    """Raise ChannelInvalid, with the field named, unless the target has the kind's shape."""
    match channel.kind:
        case ChannelKind.EMAIL:
            if not EMAIL.fullmatch(channel.target):
                _refuse("An email address is wanted, such as alerts@customer.example.")
        case ChannelKind.WEBHOOK:
            check_webhook_url(channel.target)


def check_webhook_url(url: str) -> None:
    """Only https, to a named host, on a usual port, without credentials in the address."""
    problem = "A webhook address is an https:// URL with a host name, on port 443 or 8443."
    if len(url) > LONGEST_URL or not VISIBLE.fullmatch(url) or not _is_plain_https(url):
        _refuse(problem)


def _is_plain_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = 443 if parts.port is None else parts.port
    except ValueError:
        return False
    named = parts.scheme == "https" and bool(parts.hostname)
    return named and port in WEBHOOK_PORTS and "@" not in parts.netloc and not parts.fragment


def _refuse(problem: str) -> NoReturn:
    error = FieldError(pointer="/target", code=ChannelInvalid.code, detail=problem)
    raise ChannelInvalid(problem=problem, errors=[error])
