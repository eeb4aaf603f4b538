"""Where a namespace's administrator may make the service connect to."""

import pytest

from governance.egress.addresses import networks
from governance.kernel.personal import Personal
from purge.adapters.postgresql import addresses as postgresql_addresses
from purge.ports import LayerInvalid, ObjectUnreachable

NOBODY = networks([])


def pinned(text: str, *allowed: str) -> dict[str, str]:
    return postgresql_addresses.server(Personal(text), allowed=networks(allowed)).pinned()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.0.0.8", "169.254.169.254", "::1", "::ffff:127.0.0.1", "0"],
)
def test_an_inside_address_is_not_connected_to(host: str) -> None:
    with pytest.raises(ObjectUnreachable, match="server_unreachable"):
        pinned(f"host='{host}' user=u dbname=d")


def test_the_operator_may_allow_a_network() -> None:
    where = pinned("postgresql://u:secret@127.0.0.1:5433/shop?sslmode=require", "127.0.0.0/8")

    assert where["hostaddr"] == "127.0.0.1"
    assert where["port"] == "5433"
    assert where["passfile"] == "/dev/null"


@pytest.mark.parametrize(
    "text",
    [
        "host=/var/run/postgresql user=u",
        "host=@abstract user=u",
        "user=u dbname=d",
        "host=db.customer.example dbname=d",
        "host=a.customer.example,b.customer.example user=u",
        "host=db.customer.example user=u hostaddr=127.0.0.1",
        "service=own",
        "host=db.customer.example user=u passfile=/etc/passwd",
        "host=db.customer.example user=u sslkey=/etc/key",
        "host=db.customer.example user=u sslrootcert=/etc/passwd",
        "host=db.customer.example user=u options='-c session_preload_libraries=x'",
        "host=db.customer.example port=1,2 user=u",
        "no connection string",
    ],
)
def test_what_reads_the_machines_own_files_or_sockets_is_refused(text: str) -> None:
    with pytest.raises(LayerInvalid):
        postgresql_addresses.server(Personal(text), allowed=NOBODY)


def test_a_refusal_never_quotes_the_string() -> None:
    with pytest.raises(LayerInvalid) as refused:
        postgresql_addresses.server(Personal("host=x user=u hunter2 = ="), allowed=NOBODY)

    assert "hunter2" not in str(refused.value)


def test_there_must_be_one() -> None:
    with pytest.raises(LayerInvalid):
        postgresql_addresses.server(None, allowed=NOBODY)
