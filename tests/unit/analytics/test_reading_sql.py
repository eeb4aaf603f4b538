"""The one dialect: what passes, what it becomes, and what is refused before any engine sees it."""

import pytest

from governance.analytics.domain import dialect, statements
from governance.analytics.domain.dialect import SQLInvalid, SQLRefused, TableUnknown
from governance.analytics.domain.planning import plan
from governance.analytics.domain.plans import Catalogue, TableFormat, TableSource, ViewSource
from governance.analytics.domain.statements import DatabaseUnknown, StatementKind
from governance.kernel.identifiers import new_id
from governance.kernel.refusals import Refusal


def table(name: str, *columns: tuple[str, str], database: str = "default") -> TableSource:
    return TableSource(
        database=database,
        name=name,
        location=f"{name}/",
        format=TableFormat.PARQUET,
        columns=columns,
    )


def catalogue(*views: ViewSource) -> Catalogue:
    tables = (table("flights", ("carrier", "string")), table("visits", database="web"))
    return Catalogue(databases=("default", "web"), tables=tables, views=views)


def planned(sql: str, *views: ViewSource, **parameters: int) -> str:
    return plan(
        statement=statements.read(sql=sql),
        catalogue=catalogue(*views),
        namespace_id=new_id(),
        role_id=None,
        parameters=parameters,
    ).sql


def test_a_missing_part_is_told_without_the_names_of_classes() -> None:
    with pytest.raises(SQLInvalid) as caught:
        dialect.parsed("SELEC *")

    assert str(caught.value) == "The SQL cannot be read: something is missing. Line 1, Col: 7."


HOSTILE = [
    "COPY (SELECT 1) TO '/tmp/x'",
    "COPY flights FROM '/etc/passwd'",
    "ATTACH '/tmp/x.db'",
    "ATTACH DATABASE '/tmp/x.db' AS x",
    "DETACH x",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET memory_limit = '1TB'",
    "RESET lock_configuration",
    "CALL pragma_version()",
    "EXPORT DATABASE '/tmp/x'",
    "CREATE TABLE x AS SELECT 1",
    "CREATE EXTERNAL TABLE x (a INT) LOCATION '/etc'",
    "CREATE TEMPORARY FUNCTION f AS 'java.lang.Runtime'",
    "INSERT INTO flights SELECT 1",
    "INSERT OVERWRITE DIRECTORY '/tmp/x' SELECT 1",
    "UPDATE flights SET carrier = 'x'",
    "DELETE FROM flights",
    "DROP TABLE flights",
    "ALTER TABLE flights ADD COLUMNS (x INT)",
    "TRUNCATE TABLE flights",
    "MERGE INTO flights USING visits ON TRUE WHEN MATCHED THEN DELETE",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_csv_auto('/etc/passwd')",
    "SELECT * FROM read_parquet('/x')",
    "SELECT * FROM read_json('/x')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT read_text('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM parquet_metadata('/x')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM `/etc/passwd`",
    "SELECT * FROM parquet.`/etc/passwd`",
    "SELECT * FROM csv.`../globex/secret.csv`",
    "SELECT * FROM `s3://bucket/key`",
    "SELECT * FROM `https://example.test/x.csv`",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('flights')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM main.flights",
    "SELECT * FROM system.information_schema.tables",
    "SELECT getenv('SECRET_KEY')",
    "SELECT current_setting('memory_limit')",
    "SELECT getvariable('x')",
    "SELECT nextval('x')",
    "SELECT sleep_ms(100000)",
    "SELECT write_log('x')",
    "SELECT json_execute_serialized_sql('x')",
    "SELECT java_method('java.lang.System', 'exit', 1)",
    "SELECT reflect('java.lang.System', 'exit', 1)",
    "SELECT TRANSFORM(carrier) USING 'cat /etc/passwd' AS x FROM flights",
    "SELECT * FROM flights; SELECT * FROM visits",
    "SELECT * FROM flights; DROP TABLE flights",
    "SELECT 1 /* */; COPY (SELECT 1) TO '/x' -- ",
    "WITH x AS (DELETE FROM flights RETURNING *) SELECT * FROM x",
    "WITH sqlite_master AS (SELECT * FROM sqlite_master) SELECT * FROM sqlite_master",
    "SELECT * FROM duckdb_tables, (WITH duckdb_tables AS (SELECT 1) SELECT 1) AS x",
    "SELECT * FROM flights FOR UPDATE",
    "SELECT @@version",
    "SELECT (SELECT * FROM read_text('/etc/passwd'))",
    "SELECT * FROM flights WHERE carrier IN (SELECT content FROM read_text('/etc/passwd'))",
    "EXPLAIN COPY (SELECT 1) TO '/x'",
    "EXPLAIN EXPLAIN SELECT 1",
    "DESCRIBE SELECT * FROM read_text('/x')",
    "SUMMARIZE flights",
    "SHOW TABLES FROM default; DROP TABLE flights",
    "",
    ";",
    "\x00SELECT 1",
    "SELECT " + "(" * 3000 + "1" + ")" * 3000,
    "SELECT 1" + " + 1" * 30_000,
]


@pytest.mark.parametrize("sql", HOSTILE, ids=lambda sql: sql[:50])
def test_what_does_more_than_read_the_catalogue_is_refused(sql: str) -> None:
    with pytest.raises(Refusal):
        planned(sql)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT carrier FROM flights", 'SELECT carrier FROM "default"."flights" AS "flights"'),
        ("SELECT f.carrier FROM FLIGHTS f", 'SELECT f.carrier FROM "default"."flights" AS f'),
        ("SELECT 1 -- drop\n;", 'SELECT 1 AS "1"'),
        (
            "WITH x AS (SELECT origin FROM flights) SELECT origin FROM x",
            'WITH x AS (SELECT origin FROM "default"."flights" AS "flights") SELECT origin FROM x',
        ),
        ("SELECT id FROM range(3)", "SELECT id FROM RANGE(3) AS range(id)"),
        ("SELECT * FROM web.visits", 'SELECT * FROM "web"."visits" AS "visits"'),
    ],
)
def test_hive_sql_becomes_duckdb_sql(sql: str, expected: str) -> None:
    assert planned(sql) == expected


def test_a_view_is_unfolded_after_what_it_reads() -> None:
    late = ViewSource(database="default", name="late", sql="SELECT carrier FROM flights")
    later = ViewSource(database="default", name="later", sql="SELECT * FROM late")

    made = plan(
        statement=statements.read(sql="SELECT * FROM later"),
        catalogue=catalogue(later, late),
        namespace_id=new_id(),
        role_id=None,
    )

    assert [view.name for view in made.views] == ["late", "later"]
    assert [each.name for each in made.tables] == ["flights"]


def test_a_view_that_reads_itself_is_refused() -> None:
    left = ViewSource(database="default", name="left_one", sql="SELECT * FROM right_one")
    right = ViewSource(database="default", name="right_one", sql="SELECT * FROM left_one")

    with pytest.raises(SQLRefused, match="reads itself"):
        planned("SELECT * FROM left_one", left, right)


def test_a_view_cannot_smuggle_what_a_query_may_not() -> None:
    bad = ViewSource(database="default", name="bad", sql="SELECT * FROM read_text('/etc/passwd')")

    with pytest.raises(SQLRefused):
        planned("SELECT * FROM bad", bad)


@pytest.mark.parametrize(
    ("sql", "reads"),
    [
        ("SELECT carrier FROM flights", 1),
        ("SELECT 1 FROM flights a JOIN flights b ON a.carrier = b.carrier", 2),
        ("SELECT carrier FROM flights UNION ALL SELECT carrier FROM flights", 2),
        ("WITH x AS (SELECT carrier FROM flights) SELECT 1 FROM x a, x b, x c", 3),
        ("SELECT 1 FROM twice a, twice b", 4),
    ],
)
def test_every_reading_of_a_table_is_counted(sql: str, reads: int) -> None:
    twice = ViewSource(database="default", name="twice", sql="SELECT 1 FROM flights a, flights b")

    made = plan(
        statement=statements.read(sql=sql),
        catalogue=catalogue(twice),
        namespace_id=new_id(),
        role_id=None,
    )

    assert made.reads == (("default.flights", reads),)


def test_only_the_columns_that_are_named_are_estimated() -> None:
    def columns(sql: str) -> frozenset[str] | None:
        return plan(
            statement=statements.read(sql=sql),
            catalogue=catalogue(),
            namespace_id=new_id(),
            role_id=None,
        ).columns

    assert columns("SELECT Carrier FROM flights WHERE origin = 'JFK'") == frozenset(
        {"carrier", "origin"}
    )
    assert columns("SELECT count(*) FROM flights") == frozenset()
    assert columns("SELECT * FROM flights") is None
    assert columns("SELECT f.* FROM flights f") is None


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("show tables", StatementKind.SHOW_TABLES),
        ("SHOW TABLES IN web LIKE 'v*';", StatementKind.SHOW_TABLES),
        ("SHOW DATABASES", StatementKind.SHOW_DATABASES),
        ("show schemas like 'w%'", StatementKind.SHOW_DATABASES),
        ("DESCRIBE FORMATTED `web`.`visits`", StatementKind.DESCRIBE),
        ("desc flights", StatementKind.DESCRIBE),
        ("SHOW COLUMNS IN flights", StatementKind.SHOW_COLUMNS),
        ("USE web", StatementKind.USE),
        ("EXPLAIN EXTENDED SELECT 1", StatementKind.EXPLAIN),
        ("(SELECT 1) UNION ALL (SELECT 2)", StatementKind.SELECT),
    ],
)
def test_clients_may_ask_the_catalogue(sql: str, kind: StatementKind) -> None:
    assert statements.read(sql=sql).kind is kind


def test_show_tables_lists_what_fits_and_quotes_it() -> None:
    assert planned("SHOW TABLES") == (
        "SELECT * FROM (VALUES ('default', 'flights', 'false')) "
        "AS answer(namespace, tableName, isTemporary)"
    )
    assert "WHERE FALSE" in planned("SHOW TABLES LIKE 'x; DROP'")


def test_an_unknown_table_or_database_is_not_found() -> None:
    with pytest.raises(TableUnknown, match=r"default\.nothing"):
        planned("SELECT * FROM nothing")
    with pytest.raises(TableUnknown):
        planned("DESCRIBE nothing")
    with pytest.raises(DatabaseUnknown):
        planned("USE globex")


def test_parameters_have_names_and_values() -> None:
    assert planned("SELECT :a AS a", a=1) == "SELECT $a AS a"
    for sql, parameters in (("SELECT ?", {}), ("SELECT :a", {}), ("SELECT 1", {"a": 1})):
        with pytest.raises(SQLRefused):
            planned(sql, **parameters)


def test_the_refusal_says_where_the_sql_is_wrong() -> None:
    with pytest.raises(SQLInvalid) as refused:
        dialect.read_query(sql="SELECT FROM WHERE", database="default")

    assert refused.value.errors[0].pointer == "/sql"
    assert "\x1b" not in str(refused.value)


@pytest.mark.parametrize("call", ["year()", "day()", "datediff()", "map(1)"])
def test_a_function_without_its_arguments_is_refused_in_words(call: str) -> None:
    with pytest.raises((SQLInvalid, SQLRefused), match="arguments"):
        planned(f"SELECT {call} FROM flights")  # noqa: S608 - a constant of this test


@pytest.mark.parametrize(
    "call",
    [
        "dateadd('day) , (select 1 from read_text(1))', 1, a)",
        "dateadd(('DAY), read_text(1) --'), 1, a)",
        "extract('x FROM read_text(1)) --' FROM a)",
        "timestampdiff(`a, read_text(1)`, a, b)",
        "dateadd('day FROM sqlite_master UNION SELECT 1', 1, a)",
    ],
)
def test_a_unit_of_time_is_a_plain_word(call: str) -> None:
    with pytest.raises(SQLRefused, match="plain word"):
        planned(f"SELECT {call} FROM flights")  # noqa: S608 - a constant of this test


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT 1 AS R'x FROM flights; COPY y' FROM flights", '"x FROM flights; COPY y"'),
        ("SELECT * FROM flights AS N'a; b'", '"a; b"'),
        ("SELECT transform(a, R'x, read_text(1)' -> 1) FROM flights", 'LAMBDA "x, read_text(1)" :'),
        ("SELECT transform(a, N'x y' -> 1) FROM flights", 'LAMBDA "x y" :'),
    ],
)
def test_a_name_that_was_written_as_a_text_is_quoted(sql: str, name: str) -> None:
    assert name in planned(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a:`x) FROM read_text(1) --` FROM flights",
        "SELECT :`x; COPY y` FROM flights",
    ],
)
def test_a_parameter_has_a_plain_name(sql: str) -> None:
    with pytest.raises((SQLInvalid, SQLRefused)):
        planned(sql)
