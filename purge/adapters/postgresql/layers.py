"""PostgreSQL tables from what an administrator typed, within what the operator allows."""

from collections.abc import Sequence

from governance.egress.addresses import Network
from purge.adapters.postgresql import addresses as postgresql_addresses
from purge.adapters.postgresql.table_store import PostgreSQLTableStore
from purge.ports import LayerDescription, LayerInvalid


def tables(described: LayerDescription, *, allowed: Sequence[Network]) -> PostgreSQLTableStore:
    """`rewrite` true: VACUUM FULL after a deletion. The connection string is the credentials."""
    rewrites = described.options.get("rewrite", False)
    if set(described.options) - {"rewrite"} or not isinstance(rewrites, bool):
        raise LayerInvalid(why="a PostgreSQL layer has one option, rewrite, true or false")
    server = postgresql_addresses.server(described.credentials, allowed=allowed)
    return PostgreSQLTableStore(server=server, rewrites=rewrites)
