"""PostgreSQL's own ways to keep a row, hide it or copy it, on a real server."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from purge.adapters.postgresql.table_store import PostgreSQLTableStore
from purge.domain.identifiers import identifiers_of, wanted_in
from purge.ports import NOBODY, ObjectUnreachable, Sought, StoredTable, TableFinding
from tests.contract.test_table_stores import PostgreSQLBench
from tests.factories.tables import at_once

IDENTIFIERS = identifiers_of(
    [
        {"name": "customer_id", "path": "id", "type": "integer"},
        {"name": "email", "path": "document.customer.email", "type": "string"},
    ]
)
WANTED = wanted_in([{"customer_id": 7, "email": "dora@customer.example"}], identifiers=IDENTIFIERS)
SOUGHT = Sought(identifiers=IDENTIFIERS, wanted=WANTED)
TABLE = "public.people"


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> PostgreSQLBench:
    return PostgreSQLBench()


@pytest.fixture
def shop(server: PostgreSQLBench) -> Iterator[PostgreSQLBench]:
    yield server
    server.run("DROP SCHEMA public CASCADE")
    server.run("CREATE SCHEMA public")


def found(shop: PostgreSQLBench) -> TableFinding:
    result = shop.store.find(table=TABLE, sought=SOUGHT)
    assert result is not None
    return result


def delete(shop: PostgreSQLBench) -> int:
    return shop.store.delete(table=TABLE, sought=SOUGHT, announce=at_once)


def test_a_path_leads_into_a_json_column(shop: PostgreSQLBench) -> None:
    shop.run("CREATE TABLE people (n int, document jsonb)")
    for n, document in enumerate(
        (
            '{"customer": {"email": "dora@customer.example"}}',
            '{"customer": {"email": "uma@customer.example"}}',
            '{"customer": {"Email": "dora@customer.example"}}',
            '[{"customer": {"email": "dora@customer.example"}}]',
            '{"customer": {"email": ["dora@customer.example"]}}',
            '{"other": "dora@customer.example"}',
            '{"customer": {"email": "\\u0064ora@customer.example"}}',
        )
    ):
        shop.run("INSERT INTO people VALUES (%s, %s)", n, document)

    assert (found(shop).rows, found(shop).unclear) == (2, 3)
    assert delete(shop) == 2
    assert [n for (n,) in shop.run("SELECT n FROM people ORDER BY n")] == [1, 2, 3, 4, 5]


def test_rows_of_every_partition_go(shop: PostgreSQLBench) -> None:
    shop.run("CREATE TABLE people (id bigint, day int) PARTITION BY LIST (day)")
    for day in (1, 2):
        shop.run(f"CREATE TABLE people_{day} PARTITION OF people FOR VALUES IN ({day})")
    shop.run("INSERT INTO people VALUES (6, 1), (7, 1), (7, 2), (8, 2)")

    assert list(shop.store.tables(prefix="")) == [StoredTable(TABLE)]
    assert delete(shop) == 2
    assert shop.run("SELECT count(*) FROM people WHERE id = 7") == [(0,)]


def test_rows_of_an_heir_are_counted_once(shop: PostgreSQLBench) -> None:
    shop.run("CREATE TABLE people (id bigint)")
    shop.run("CREATE TABLE staff () INHERITS (people)")
    shop.run("INSERT INTO staff VALUES (7)")

    assert found(shop).rows == 0
    assert len(list(shop.store.tables(prefix="public."))) == 2


def test_a_reference_without_a_rule_blocks_and_one_with_a_rule_follows(
    shop: PostgreSQLBench,
) -> None:
    shop.run("CREATE TABLE people (id bigint PRIMARY KEY)")
    shop.run("CREATE TABLE orders (person bigint REFERENCES people)")
    shop.run("INSERT INTO people VALUES (7)")
    shop.run("INSERT INTO orders VALUES (7)")

    assert "refused while rows of public.orders refer to them" in found(shop).plan
    with pytest.raises(ObjectUnreachable, match="foreign_key"):
        delete(shop)
    assert shop.run("SELECT count(*) FROM people") == [(1,)]

    shop.run("ALTER TABLE orders DROP CONSTRAINT orders_person_fkey")
    shop.run("ALTER TABLE orders ADD FOREIGN KEY (person) REFERENCES people ON DELETE CASCADE")
    assert "rows of public.orders that refer to them go with them" in found(shop).plan
    assert delete(shop) == 1
    assert shop.run("SELECT count(*) FROM orders") == [(0,)]


def test_a_reference_that_is_checked_at_the_end_blocks_too(shop: PostgreSQLBench) -> None:
    shop.run("CREATE TABLE people (id bigint PRIMARY KEY)")
    shop.run("CREATE TABLE orders (person bigint REFERENCES people DEFERRABLE INITIALLY DEFERRED)")
    shop.run("INSERT INTO people VALUES (7)")
    shop.run("INSERT INTO orders VALUES (7)")

    with pytest.raises(ObjectUnreachable, match="foreign_key"):
        delete(shop)


def test_a_trigger_that_keeps_a_row_is_said_and_nothing_is_deleted(shop: PostgreSQLBench) -> None:
    shop.run("CREATE TABLE people (id bigint, kept boolean)")
    shop.run(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF OLD.kept THEN RETURN NULL; END IF; RETURN OLD; END $$"
    )
    shop.run("CREATE TRIGGER keep BEFORE DELETE ON people FOR EACH ROW EXECUTE FUNCTION keep()")
    shop.run("INSERT INTO people VALUES (7, true), (7, false)")

    with pytest.raises(ObjectUnreachable, match="kept_by_trigger"):
        delete(shop)

    assert shop.run("SELECT count(*) FROM people") == [(2,)]


def test_row_security_that_hides_rows_is_said(shop: PostgreSQLBench) -> None:
    shop.run("CREATE TABLE people (id bigint)")
    shop.run("ALTER TABLE people ENABLE ROW LEVEL SECURITY")
    shop.run("ALTER TABLE people FORCE ROW LEVEL SECURITY")

    with pytest.raises(ObjectUnreachable, match="row_security"):
        found(shop)


def test_a_materialized_view_forgets_too(shop: PostgreSQLBench) -> None:
    shop.run("CREATE TABLE people (id bigint)")
    shop.run("INSERT INTO people VALUES (7), (8)")
    shop.run("CREATE MATERIALIZED VIEW copies AS SELECT * FROM people")

    assert "materialized views are refreshed" in found(shop).plan
    delete(shop)
    statement = shop.store.reclaim(table=TABLE, keeper=NOBODY, moment=nullcontext)

    assert shop.run("SELECT id FROM copies") == [(8,)]
    assert "1 materialized views refreshed" in statement


def test_a_name_with_quotes_is_a_name(shop: PostgreSQLBench) -> None:
    shop.run('CREATE TABLE "odd ""name"".x" ("id" bigint)')
    shop.run('INSERT INTO "odd ""name"".x" VALUES (7)')
    name = 'public.odd "name".x'

    assert shop.store.delete(table=name, sought=SOUGHT, announce=at_once) == 1
    assert "vacuumed" in shop.store.reclaim(table=name, keeper=NOBODY, moment=nullcontext)


@pytest.mark.parametrize(
    ("kind", "theirs", "unclear"),
    [
        ("smallint", ["7"], []),
        ("numeric", ["7", "7.00"], []),
        ("real", ["7"], []),
        ("text", [], ["'7'", "' +7 '"]),
        ("char(5)", [], ["'7'"]),
        ("integer[]", [], ["'{7}'"]),
        ("json", [], ["'[7]'"]),
        ("json", ["'7'", "'7.0'", "'70e-1'"], []),
        ("bytea", [], ["'7'"]),
    ],
)
def test_each_type_is_matched_or_flagged(
    shop: PostgreSQLBench, kind: str, theirs: list[str], unclear: list[str]
) -> None:
    shop.run(f"CREATE TABLE people (id {kind})")
    for value in (*theirs, *unclear):
        shop.run(f"INSERT INTO people VALUES ({value})")  # noqa: S608 - our own values

    assert (found(shop).rows, found(shop).unclear) == (len(theirs), len(unclear))


def test_a_domain_over_a_type_is_matched_like_it(shop: PostgreSQLBench) -> None:
    shop.run("CREATE DOMAIN customer AS bigint CHECK (VALUE > 0)")
    shop.run("CREATE TABLE people (id customer)")
    shop.run("INSERT INTO people VALUES (7)")

    assert delete(shop) == 1


def test_a_rewrite_leaves_no_bytes_in_the_tables_file(shop: PostgreSQLBench) -> None:
    shop.run("CREATE TABLE people (id bigint, name text)")
    shop.run("INSERT INTO people VALUES (7, 'dora quirke'), (8, 'uma')")
    store = PostgreSQLTableStore(server=shop.server, rewrites=True)

    store.delete(table=TABLE, sought=SOUGHT, announce=at_once)

    assert "written anew" in store.reclaim(table=TABLE, keeper=NOBODY, moment=nullcontext)
    assert shop.run("SELECT count(*) FROM people") == [(1,)]


def test_our_own_database_is_refused(shop: PostgreSQLBench) -> None:
    shop.run("CREATE TABLE purge_indexentry (n int)")

    with pytest.raises(ObjectUnreachable, match="own_database"):
        list(shop.store.tables(prefix=""))


def test_an_account_without_a_privilege_is_told_so(shop: PostgreSQLBench) -> None:
    """Rows are locked while they are judged, which takes UPDATE (SELECT, "The Locking Clause")."""
    shop.run("CREATE TABLE people (id bigint)")
    shop.run("INSERT INTO people VALUES (7)")
    shop.run(f"REVOKE UPDATE ON people FROM {shop.where['user']}")

    assert found(shop).rows == 1
    with pytest.raises(ObjectUnreachable, match="permission_denied"):
        delete(shop)
