"""Rows that a deletion in PostgreSQL would take along or change: not those on hold."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import pytest

from purge.adapters.postgresql import places
from purge.domain.identifiers import Identifier, Wanted, identifiers_of, wanted_in
from purge.ports import NOBODY, Keeper, ObjectUnreachable, Sought
from tests.contract.test_table_stores import PostgreSQLBench
from tests.factories.tables import Hold, at_once

PEOPLE = "public.people"
IDENTIFIERS = identifiers_of([{"name": "customer_id", "path": "id", "type": "integer"}])
BY_EMAIL = identifiers_of([{"name": "email", "path": "email", "type": "string"}])
WANTED = wanted_in([{"customer_id": 7}, {"customer_id": 8}], identifiers=IDENTIFIERS)
UMA = Hold(BY_EMAIL, wanted_in([{"email": "uma@customer.example"}], identifiers=BY_EMAIL))


@dataclass(frozen=True, slots=True)
class HeldTable:
    """Implements `purge.ports.Keeper`: one table is on hold whole."""

    table: str
    people: Collection[Wanted] = ()
    until: str = "2027-01-01T00:00:00+00:00"
    is_idle: bool = False

    def check_place(self, key: str) -> None:
        if key == self.table:
            raise ObjectUnreachable(reason="legal_hold", until=self.until)

    def identifiers_in(self, table: str) -> Sequence[Identifier]:  # noqa: ARG002 - as the port says
        return ()


@pytest.fixture(scope="module")
def server(django_db_setup: None) -> PostgreSQLBench:
    return PostgreSQLBench()


@pytest.fixture
def shop(server: PostgreSQLBench) -> Iterator[PostgreSQLBench]:
    server.run("CREATE TABLE people (id bigint PRIMARY KEY)")
    server.run("INSERT INTO people VALUES (7), (8), (9)")
    yield server
    server.run("DROP SCHEMA public CASCADE")
    server.run("CREATE SCHEMA public")


def erased(shop: PostgreSQLBench, keeper: Keeper) -> tuple[int, int]:
    """How many went, and how many stayed for a hold."""
    sought = Sought(identifiers=IDENTIFIERS, wanted=WANTED, keeper=keeper)
    found = shop.store.find(table=PEOPLE, sought=sought)
    deleted = shop.store.delete(table=PEOPLE, sought=sought, announce=at_once)
    assert found is not None
    assert found.rows == deleted
    return deleted, found.held


def ids(shop: PostgreSQLBench) -> list[int]:
    return [one for (one,) in shop.run("SELECT id FROM people ORDER BY id")]


@pytest.mark.parametrize("rule", ["CASCADE", "SET NULL", "SET DEFAULT"])
def test_a_row_stays_that_one_on_hold_refers_to(shop: PostgreSQLBench, rule: str) -> None:
    shop.run(f"CREATE TABLE orders (person bigint REFERENCES people ON DELETE {rule}, email text)")
    shop.run("INSERT INTO orders VALUES (7, 'uma@customer.example'), (8, 'a@customer.example')")

    assert erased(shop, UMA) == (1, 1)
    assert ids(shop) == [7, 9]
    assert shop.run("SELECT email FROM orders WHERE person = 7") == [("uma@customer.example",)]


def test_a_row_stays_that_leads_to_one_on_hold_by_way_of_others(shop: PostgreSQLBench) -> None:
    shop.run(
        "CREATE TABLE orders (n int PRIMARY KEY, person bigint REFERENCES people ON DELETE CASCADE)"
    )
    shop.run("CREATE TABLE parts (of int REFERENCES orders ON DELETE CASCADE, email text)")
    shop.run("INSERT INTO orders VALUES (1, 7), (2, 8)")
    shop.run("INSERT INTO parts VALUES (1, NULL), (1, 'uma@customer.example'), (2, NULL)")

    assert erased(shop, UMA) == (1, 1)
    assert ids(shop) == [7, 9]
    assert shop.run("SELECT count(*) FROM parts") == [(2,)]


def test_rows_that_refer_to_each_other_in_a_circle_are_looked_at_once(
    shop: PostgreSQLBench,
) -> None:
    shop.run("ALTER TABLE people ADD invited_by bigint REFERENCES people ON DELETE CASCADE")
    shop.run("ALTER TABLE people ADD email text")
    shop.run("UPDATE people SET invited_by = CASE id WHEN 7 THEN 8 WHEN 8 THEN 7 ELSE 8 END")

    assert erased(shop, UMA) == (2, 0)
    assert ids(shop) == []


def test_a_row_of_the_same_table_is_not_taken_along_either(shop: PostgreSQLBench) -> None:
    shop.run("ALTER TABLE people ADD invited_by bigint REFERENCES people ON DELETE CASCADE")
    shop.run("ALTER TABLE people ADD email text")
    shop.run("UPDATE people SET invited_by = 8, email = 'uma@customer.example' WHERE id = 9")

    assert erased(shop, UMA) == (1, 1)
    assert ids(shop) == [8, 9]


def test_a_table_that_is_on_hold_whole_is_not_changed_by_another_one(
    shop: PostgreSQLBench,
) -> None:
    shop.run("CREATE TABLE orders (person bigint REFERENCES people ON DELETE CASCADE)")
    shop.run("INSERT INTO orders VALUES (7)")

    assert erased(shop, HeldTable("public.orders")) == (1, 1)
    assert ids(shop) == [7, 9]


def test_what_refers_to_a_partition_counts_too(shop: PostgreSQLBench) -> None:
    shop.run("DROP TABLE people")
    shop.run("CREATE TABLE people (id bigint PRIMARY KEY) PARTITION BY RANGE (id)")
    shop.run("CREATE TABLE people_1 PARTITION OF people FOR VALUES FROM (0) TO (100)")
    shop.run("INSERT INTO people VALUES (7), (8)")
    shop.run(
        "CREATE TABLE orders (person bigint REFERENCES people_1 ON DELETE CASCADE, email text)"
    )
    shop.run("INSERT INTO orders VALUES (7, 'uma@customer.example')")

    assert erased(shop, UMA) == (1, 1)


def test_while_nobody_is_on_hold_they_go_along(shop: PostgreSQLBench) -> None:
    shop.run("CREATE TABLE orders (person bigint REFERENCES people ON DELETE CASCADE, email text)")
    shop.run("INSERT INTO orders VALUES (7, 'uma@customer.example')")

    assert erased(shop, NOBODY) == (2, 0)
    assert shop.run("SELECT count(*) FROM orders") == [(0,)]


def test_rows_that_one_another_takes_along_are_counted_once(
    shop: PostgreSQLBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second statement finds its row gone."""
    monkeypatch.setattr(places, "AT_ONCE", 1)
    shop.run("ALTER TABLE people ADD invited_by bigint REFERENCES people ON DELETE CASCADE")
    shop.run("UPDATE people SET invited_by = 7 WHERE id = 8")
    shop.run("VACUUM FULL people")

    assert erased(shop, NOBODY) == (2, 0)
    assert ids(shop) == [9]


def test_an_operator_that_somebody_made_is_not_run_by_us(shop: PostgreSQLBench) -> None:
    """CVE-2018-1058: one that fits the types of a column better than the server's own."""
    shop.run("CREATE TABLE visitors (email varchar)")
    shop.run("INSERT INTO visitors VALUES ('uma@customer.example')")
    shop.run(
        "CREATE FUNCTION evil(varchar, text) RETURNS boolean LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE 'run as %', current_user; END $$"
    )
    shop.run("CREATE OPERATOR = (LEFTARG = varchar, RIGHTARG = text, FUNCTION = evil)")
    with pytest.raises(Exception, match="run as"):
        shop.run("SELECT FROM visitors WHERE email = ANY('{x}'::text[])")

    sought = Sought(identifiers=BY_EMAIL, wanted=UMA.people)

    assert shop.store.delete(table="public.visitors", sought=sought, announce=at_once) == 1
