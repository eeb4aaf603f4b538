"""Whether the demo identity provider exists here at all."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def exists(*, demo: bool, bind: str, public_url: str) -> bool:
    """Only in a demo that nobody but this machine can reach, by bind and by name."""
    return demo and _is_loopback(bind) and _is_loopback(urlsplit(public_url).hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
