"""Attempts to sign in, as the throttle sees them: fingerprints and prefixes, no names."""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

IPV4_PREFIX = 32
IPV6_PREFIX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try. `account` and `password` are keyed fingerprints, `ticket` names this try."""

    account: str
    password: str
    network: str
    ticket: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many failures are borne. Stay below the directory's own lockout with `per_account`.

    A password that failed is refused again without asking the directory for
    `remember_seconds`, so that a forgotten client does not use up its owner's tries.
    """

    per_account: int
    per_network: int
    window_seconds: int
    remember_seconds: int
    wait_seconds: float


@lru_cache(maxsize=1024)
def network_of(address: str) -> str:
    """The address for counting: an IPv4 address, or the /64 that an IPv6 household gets."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    mapped = getattr(ip, "ipv4_mapped", None)
    if mapped is not None:
        ip = mapped
    length = IPV4_PREFIX if ip.version == 4 else IPV6_PREFIX  # noqa: PLR2004 - the IP version
    return str(ipaddress.ip_network(f"{ip}/{length}", strict=False))
