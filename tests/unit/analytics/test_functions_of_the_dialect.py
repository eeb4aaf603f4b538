"""Every function that SQL may call by name is there in the engine, or becomes one that is."""

from collections.abc import Iterator

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from governance.analytics.domain.dialect import UNREADABLE
from governance.analytics.domain.functions import ALLOWED_FUNCTIONS, MACROS

SYNTAX = {"cast", "try_cast", "coalesce", "extract"}  # Grammar of the engine, not functions.
MOST_ARGUMENTS = 5


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for macro in MACROS:
            connection.execute(macro)
        yield connection


def called(name: str, arguments: int) -> set[str]:
    """The functions that a call becomes; the name itself where it is not one in this shape."""
    sql = f"SELECT {name}({', '.join('abcde'[:arguments])})"
    try:
        written = sqlglot.transpile(sql, read="hive", write="duckdb")[0]
        tree = sqlglot.parse_one(written, read="duckdb")
    except UNREADABLE:
        return set()
    return {
        node.name.lower() if isinstance(node, exp.Anonymous) else ""
        for node in tree.find_all(exp.Func)
    } - {""}


@pytest.mark.parametrize("name", sorted(ALLOWED_FUNCTIONS))
def test_it_exists_in_the_engine(engine: duckdb.DuckDBPyConnection, name: str) -> None:
    rows = engine.execute("SELECT DISTINCT lower(function_name) FROM duckdb_functions()").fetchall()
    known = {row[0] for row in rows} | SYNTAX

    missing = set().union(*(called(name, count) for count in range(MOST_ARGUMENTS + 1))) - known

    assert not missing


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("substring_index('www.apache.org', '.', 2)", "www.apache"),
        ("substring_index('www.apache.org', '.', -2)", "apache.org"),
        ("substring_index('a.b', '.', -5)", "a.b"),
        ("substring_index('a.b', '.', 0)", ""),
        ("format_number(1234567.891, 2)", "1,234,567.89"),
        ("to_unix_timestamp('2026-01-01 12:00:00')", 1_767_268_800),
        ("slice([1, 2, 3, 4], 2, 2)", [2, 3]),
        ("width_bucket(5.3, 0.2, 10.6, 5)", 3),
        ("nanvl('nan'::DOUBLE, 2)", 2.0),
        ("shiftleft(1, 3)", 8),
        ("isnotnull(NULL)", False),
    ],
)
def test_a_macro_computes_what_hive_does(
    engine: duckdb.DuckDBPyConnection, sql: str, wanted: object
) -> None:
    """Examples of the Hive and Spark function references."""
    assert engine.execute(f"SELECT {sql}").fetchall() == [(wanted,)]
