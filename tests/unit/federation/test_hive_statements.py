"""Which statements the gateway answers by itself, and how settings are named."""

import pytest

from federation.gateway import catalogue, statements
from federation.gateway.backends import TableDescription
from federation.gateway.statements import Query, Set, Use


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("USE `default`", Use("default")),
        ("use Sales;", Use("sales")),
        ("set", Set()),
        ("SET role", Set("role")),
        ("set hiveconf:a = b=c ;", Set("a", "b=c")),
        ("select 1;", Query("select 1")),
        ("  -- use x\nselect 1", Query("-- use x\nselect 1")),
        ("settle", Query("settle")),
        ("use a.b", Query("use a.b")),
    ],
)
def test_a_statement_is_understood(text: str, meant: object) -> None:
    assert statements.read(text) == meant


def test_settings_have_plain_names_whoever_sends_them() -> None:
    sent = {"set:hiveconf:role": "a", "prefix": "b", "set:hivevar:x": "c", "use:database": "d"}

    assert statements.settings_of(sent) == {
        "role": "a", "prefix": "b", "x": "c", "use:database": "d",
    }  # fmt: skip
    assert statements.settings_of(None) == {}


TABLES = [
    TableDescription(database="sales", name="flights", columns=[("id", "bigint")]),
    TableDescription(database="sales", name="f_x", kind="VIEW"),
    TableDescription(database="hr", name="people"),
]


@pytest.mark.parametrize(
    ("schema", "name", "found"),
    [
        (None, None, ["flights", "f_x", "people"]),
        ("%", "*", ["flights", "f_x", "people"]),
        ("SALES", ".*", ["flights", "f_x"]),
        ("sal%", "f%", ["flights", "f_x"]),
        (None, r"f\_x", ["f_x"]),
        (None, "f_x", ["f_x"]),
        (None, "_lights", ["flights"]),
        (None, "(a+)+$", []),
        ("h.*", None, ["people"]),
    ],
)
def test_patterns_of_jdbc_and_of_hive_find_tables(
    schema: str | None, name: str | None, found: list[str]
) -> None:
    table = catalogue.tables(TABLES, schema=schema, name=name)

    assert table.column("TABLE_NAME").to_pylist() == found
