"""Alert channels: who is told, of what, and whether the target can be told at all."""

import hmac
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
MASK = "••••"
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


def shown(*, kind: ChannelKind, target: str, key: bytes) -> str:
    """What may be read of a target: an address of email whole, of a webhook nothing past the host.

    Chat services put their token into the path. The digits at the end tell two addresses of one
    host apart, and a new token from the old one; without the key nobody can try out which address
    they are of. What is shown is shown as it is.
    """
    match kind:
        case ChannelKind.EMAIL:
            return target
        case ChannelKind.WEBHOOK:
            return _without_path(target, key=key)


def _without_path(url: str, *, key: bytes) -> str:
    parts = urlsplit(url)
    if MASK in url or (parts.path in {"", "/"} and not parts.query):
        return url
    digits = hmac.digest(key, url.encode(), "sha256").hex()[:8]
    return f"{parts.scheme}://{parts.netloc}/{MASK}{digits}"


def is_mask(text: str) -> bool:
    """Whether this stands for a target without being one."""
    return MASK in text


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
    if is_mask(url):
        _refuse(f"{MASK} stands for what is not shown. Write the whole address.")
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
