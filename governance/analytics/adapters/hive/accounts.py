"""The account that an engine has on a Hive server: where that is, and a connection as it."""

from dataclasses import dataclass, replace

from governance.analytics.adapters.hive import connection
from governance.analytics.adapters.hive.connection import Connection
from governance.analytics.adapters.hive.refusals import HiveServerUnreachable
from governance.analytics.domain.hive_options import HiveOptions
from governance.analytics.domain.hive_servers import HiveServerNotAllowed
from governance.egress import client as egress
from governance.egress.addresses import networks
from governance.kernel.personal import Personal

EVERYWHERE = networks(("0.0.0.0/0", "::/0"))
# HiveServer2's own ports, beside those that everything outward may use.
PORTS = frozenset({10_000, 10_001})
OTHER_PORT = "its port is none of Hive's. The operator adds its host and port to HIVE_SERVERS."


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where and as whom. `is_named`: the operator has named this server (HIVE_SERVERS)."""

    options: HiveOptions
    password: Personal[str] | None
    is_named: bool


def address_of(account: Account) -> str:
    """The one address that may be used. Raises HiveServerNotAllowed, HiveServerUnreachable.

    A server that the operator named is where its name leads; any other is public.
    """
    options, bounds = account.options, egress.default_bounds()
    if account.is_named:
        bounds = replace(bounds, allowed_networks=EVERYWHERE)
    elif options.port not in bounds.ports | PORTS:
        raise HiveServerNotAllowed(why=OTHER_PORT)
    else:
        # Networks that the operator opened for other things are not opened for this one.
        bounds = replace(bounds, allowed_networks=())
    try:
        return egress.checked_address(options.host, options.port, bounds=bounds)
    except egress.AddressUnreachable as error:
        raise HiveServerUnreachable from error


def connected(account: Account) -> Connection:
    """A connection that is signed in. Raises what each step to it raises."""
    options = account.options
    wire = connection.reached(address=address_of(account), options=options)
    wire = connection.secured(wire=wire, options=options)
    return connection.signed_in(wire=wire, options=options, password=account.password)
