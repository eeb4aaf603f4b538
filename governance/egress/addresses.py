"""Which addresses may be reached: public ones, and the networks that the operator allows.

An address may hide another inside it (IPv4-mapped, NAT64 RFC 6052, 6to4 RFC 3056, Teredo
RFC 4380): what is inside is checked too.
"""

from collections.abc import Iterator, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

NAT64 = ip_network("64:ff9b::/96")
NAT64_LOCAL = ip_network("64:ff9b:1::/48")


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks from texts such as `10.0.0.0/8`. Raises ValueError for anything else."""
    return tuple(ip_network(text) for text in texts)


def is_allowed(text: str, *, allowed: Sequence[Network]) -> bool:
    """Whether an address may be reached: it is public through and through, or allowed by name."""
    address = ip_address(text.partition("%")[0])
    if any(address in network for network in allowed if network.version == address.version):
        return True
    return all(_is_public(inner) for inner in _layers(address))


def _is_public(address: Address) -> bool:
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _layers(address: Address) -> Iterator[Address]:
    if isinstance(address, IPv4Address):
        yield address
        return
    hidden: Sequence[IPv4Address] = ()
    if address.ipv4_mapped is not None:
        yield from _layers(address.ipv4_mapped)
        return
    if address in NAT64 or address in NAT64_LOCAL:
        hidden = (IPv4Address(int(address) & 0xFFFFFFFF),)
    elif address.sixtofour is not None:
        hidden = (address.sixtofour,)
    elif address.teredo is not None:
        hidden = address.teredo
    if not hidden:
        yield address
    yield from hidden
