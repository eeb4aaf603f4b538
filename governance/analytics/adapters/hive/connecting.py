"""From an engine's options to a connection that is signed in, each step by itself for the trial."""

import socket
from dataclasses import dataclass, replace

from governance.analytics.adapters.hive import connection
from governance.analytics.adapters.hive.connection import Connection
from governance.analytics.adapters.hive.troubles import HiveServerUnreachable
from governance.analytics.domain.hive_options import HiveOptions
from governance.egress import client as egress
from governance.egress.addresses import networks
from governance.kernel.personal import Personal

EVERYWHERE = networks(("0.0.0.0/0", "::/0"))
# HiveServer2's own ports, beside those that everything outward may use.
PORTS = frozenset({10_000, 10_001})


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where and as whom. `is_named`: the operator has named this server (HIVE_SERVERS)."""

    options: HiveOptions
    password: Personal[str] | None
    is_named: bool


def address_of(account: Account) -> str:
    """The one address that may be used. Raises AddressNotAllowed, HiveServerUnreachable.

    A server that the operator named is where its name leads; any other is public.
    """
    options, bounds = account.options, egress.default_bounds()
    if account.is_named:
        bounds = replace(bounds, allowed_networks=EVERYWHERE)
    elif options.port not in bounds.ports | PORTS:
        raise egress.AddressNotAllowed
    else:
        # Networks that the operator opened for other things are not opened for this one.
        bounds = replace(bounds, allowed_networks=())
    try:
        return egress.checked_address(options.host, options.port, bounds=bounds)
    except egress.AddressUnreachable as error:
        raise HiveServerUnreachable from error


def reached(account: Account, *, address: str) -> socket.socket:
    return connection.reached(address=address, options=account.options)


def secured(account: Account, *, wire: socket.socket) -> socket.socket:
    return connection.secured(wire=wire, options=account.options)


def signed_in(account: Account, *, wire: socket.socket) -> Connection:
    return connection.signed_in(wire=wire, options=account.options, password=account.password)


def connected(account: Account) -> Connection:
    """All of it. Raises what each step raises."""
    wire = reached(account, address=address_of(account))
    return signed_in(account, wire=secured(account, wire=wire))
