"""SQL for a cluster: what is sent names what was granted, and nothing that a person wrote."""

import re
from typing import Any

import pytest

from governance.analytics.domain import planning, spark_sql, statements
from governance.analytics.domain.dialect import SQLInvalid, SQLRefused, TableUnknown
from governance.analytics.domain.hive_options import Product
from governance.analytics.domain.plans import (
    Answer,
    Catalogue,
    QueryPlan,
    SQLTarget,
    TableFormat,
    TableSource,
    ViewSource,
)
from governance.analytics.domain.spark_sql import Relation
from governance.kernel.identifiers import new_id

FLIGHTS = TableSource(
    database="default", name="flights", location="flights/", format=TableFormat.PARQUET
)
LATE = ViewSource(
    database="default",
    name="late",
    sql="SELECT carrier, delay FROM flights WHERE delay > 10 -- secret comment",
)
PREFIX = "lakewarden_ab12_"
GRANTED = {"default.flights": Relation(name=f"{PREFIX}0")}


def planned(sql: str, *views: ViewSource, **parameters: str | float | bool | None) -> QueryPlan:
    return planning.plan(
        statement=statements.read(sql=sql),
        catalogue=Catalogue(tables=(FLIGHTS,), views=(LATE, *views)),
        namespace_id=new_id(),
        role_id=None,
        parameters=parameters,
        target=SQLTarget.SPARK,
    )


def sent(
    sql: str,
    *views: ViewSource,
    product: Product = Product.SPARK,
    most_rows: int | None = None,
    **parameters: str | float | bool | None,
) -> str:
    return spark_sql.placed(
        sql=planned(sql, *views, **parameters).sql,
        relations=GRANTED,
        product=product,
        prefix=PREFIX,
        most_rows=most_rows,
    )


def test_a_table_becomes_what_it_is_on_the_server() -> None:
    assert (
        sent("select carrier from flights where delay > 5 /* mine */")
        == "SELECT `carrier` FROM `lakewarden_ab12_0` AS `flights` WHERE `delay` > 5"
    )


def test_a_table_of_the_server_has_its_database() -> None:
    text = spark_sql.placed(
        sql=planned("SELECT * FROM flights f").sql,
        relations={"default.flights": Relation(name="flights", database="acme")},
        product=Product.HIVE,
        prefix=PREFIX,
    )

    assert text == "SELECT * FROM `acme`.`flights` AS `f`"


def test_a_view_stands_where_it_was_named() -> None:
    text = sent("SELECT l.carrier FROM late AS l JOIN flights ON l.carrier = flights.carrier")

    assert "FROM (SELECT `carrier`, `delay` FROM `lakewarden_ab12_0` AS `flights`" in text
    assert "AS `l` JOIN `lakewarden_ab12_0` AS `flights`" in text
    assert "secret" not in text


def test_views_of_views_are_counted_as_often_as_they_are_read() -> None:
    later = ViewSource(database="default", name="later", sql="SELECT * FROM late, late AS again")

    plan = planned("SELECT * FROM later", later)

    assert dict(plan.reads) == {"default.flights": 2}
    assert plan.views == ()


def test_parameters_are_literals_that_stay_literals() -> None:
    text = sent("SELECT * FROM flights WHERE carrier = :c AND delay = :d", c="x' OR \\' 1=1", d=-3)

    assert text.endswith("WHERE `carrier` = 'x\\' OR \\\\\\' 1=1' AND `delay` = -3")


VARIABLES = ["${env:AWS_SECRET_ACCESS_KEY}", "${system:user.home}", "${hiveconf:a}", "a${b}${c}d"]


@pytest.mark.parametrize("text", VARIABLES)
def test_no_variable_of_the_server_is_put_into_strings(text: str) -> None:
    written = sent(f"SELECT '{text}' AS a FROM flights WHERE carrier = :c", c=text)  # noqa: S608

    assert "${" not in written
    pieces = re.findall(r"CONCAT\(([^)]*)\)", written)
    joined = {"".join(re.findall(r"'([^']*)'", piece)) for piece in pieces}
    assert joined == {text}


def test_no_variable_of_the_server_is_put_into_names() -> None:
    for sql in (
        "SELECT carrier AS `${env:HOME}` FROM flights",
        "SELECT '${env:HOME}' FROM flights",
        "SELECT `${env:HOME}` FROM flights",
        "WITH `${env:HOME}` AS (SELECT 1) SELECT * FROM `${env:HOME}`",
    ):
        assert "${" not in sent(sql)


def test_names_of_a_with_can_be_no_table_of_the_server() -> None:
    text = sent("WITH x AS (SELECT * FROM flights) SELECT x.delay FROM x")

    assert "WITH `lakewarden_ab12_x` AS" in text
    assert "FROM `lakewarden_ab12_x` AS `x`" in text


def test_a_name_that_the_server_would_not_see_yet_is_not_looked_up_as_a_table() -> None:
    text = sent(
        "WITH RECURSIVE a AS (SELECT * FROM secrets), secrets AS (SELECT 1 AS x) SELECT * FROM a"
    )

    assert "`secrets` AS (" not in text
    assert "FROM `lakewarden_ab12_secrets` AS `secrets`" in text


def test_hints_are_left_out() -> None:
    assert "BROADCAST" not in sent("SELECT /*+ BROADCAST(flights) */ carrier FROM flights")


@pytest.mark.parametrize(
    ("sql", "limited"),
    [
        ("SELECT * FROM flights ORDER BY delay", "ORDER BY `delay` LIMIT 11"),
        ("SELECT * FROM flights LIMIT 3", "LIMIT 3"),
        ("SELECT 1 UNION ALL SELECT 2", "SELECT 2 LIMIT 11"),
    ],
)
def test_the_server_collects_no_more_than_is_taken(sql: str, limited: str) -> None:
    assert sent(sql, most_rows=11).endswith(limited)


def test_the_catalogue_answers_without_the_server() -> None:
    plan = planned("SHOW TABLES")

    assert plan.sql == ""
    assert plan.answer == Answer(
        columns=("namespace", "tableName", "isTemporary"),
        rows=(("default", "flights", "false"), ("default", "late", "false")),
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM parquet.`s3a://lake/globex/`",
        "SELECT * FROM csv.`/etc/passwd`",
        "SELECT * FROM delta.`s3a://lake/globex/`",
        "SELECT * FROM globex.secrets",
        "SELECT * FROM spark_catalog.default.flights",
        "SELECT * FROM global_temp.other",
        "SELECT * FROM lakewarden_ab12_0",
        "SELECT * FROM IDENTIFIER('globex.secrets')",
        "SELECT * FROM IDENTIFIER('glo' || 'bex.secrets')",
        "SELECT IDENTIFIER('globex.f')(1)",
        "TABLE flights",
        "FROM globex.secrets SELECT *",
        "SELECT (SELECT max(x) FROM globex.secrets) FROM flights",
        "SELECT * FROM flights WHERE EXISTS (SELECT 1 FROM globex.secrets)",
        "WITH s AS (SELECT * FROM globex.secrets) SELECT * FROM s",
        "SELECT * FROM flights LATERAL VIEW explode(array(1)) `q, globex.secrets` AS w",
        "SELECT * FROM flights LATERAL VIEW explode(array(1)) ```q, globex.secrets``` AS w",
        "SELECT EXTRACT(`x FROM (SELECT * FROM globex.secrets)` FROM delay) FROM flights",
        "SELECT * FROM flights VERSION AS OF 1",
        "SELECT * FROM flights TIMESTAMP AS OF '2020-01-01'",
        "SELECT reflect('java.lang.System', 'getenv', 'PATH')",
        "SELECT java_method('java.lang.System', 'getenv')",
        "SELECT try_reflect('java.lang.System', 'getenv')",
        "SELECT globex.my_function(1)",
        "SELECT globex.sum(delay) FROM flights",
        "SELECT my_function(1)",
        "SELECT input_file_name() FROM flights",
        "SELECT in_file('a', '/etc/passwd')",
        "SELECT current_user(), current_database()",
        "SELECT version()",
        "SELECT xpath('<a/>', '/a')",
        "SELECT * FROM sql_keywords()",
        "SELECT * FROM read_files('s3a://lake/globex')",
        "SELECT TRANSFORM(carrier) USING '/bin/sh' AS x FROM flights",
        "SELECT MAP(carrier) USING 'sh' AS x FROM flights",
        "SET spark.sql.x=1",
        "ADD JAR s3a://x/y.jar",
        "CREATE TEMPORARY FUNCTION f AS 'x.Y'",
        "CREATE TABLE t AS SELECT * FROM flights",
        "INSERT INTO flights SELECT 1",
        "INSERT OVERWRITE DIRECTORY '/tmp/x' SELECT * FROM flights",
        "LOAD DATA INPATH 'x' INTO TABLE flights",
        "DROP TABLE flights",
        "REFRESH TABLE flights",
        "CACHE TABLE flights",
        "USE globex; SELECT * FROM secrets",
        "SELECT 1; SELECT 2",
        "DFS -ls /",
        "!ls",
        "EXECUTE IMMEDIATE 'SELECT 1'",
        "BEGIN SELECT 1; END",
        "EXPLAIN SELECT * FROM flights",
    ],
)
def test_nothing_but_granted_tables_and_known_functions_is_sent(sql: str) -> None:
    with pytest.raises((SQLInvalid, SQLRefused, TableUnknown)):
        sent(sql)


def test_a_type_is_written_as_it_was_understood() -> None:
    text = sent("SELECT CAST(1 AS `int) FROM globex.secrets --`) AS x FROM flights")

    assert text == "SELECT CAST(1 AS INT) AS `x` FROM `lakewarden_ab12_0` AS `flights`"


def test_a_table_that_was_not_placed_is_refused() -> None:
    with pytest.raises(SQLRefused):
        spark_sql.placed(
            sql=planned("SELECT * FROM flights").sql,
            relations={},
            product=Product.SPARK,
            prefix=PREFIX,
        )


# Read by Spark, its comment goes on after a backslash; read by us, it ends and another begins.
HIDDEN = (
    "DAY --\\\n{#\n, 1, a), reflect('java.lang.System', 'getProperty', 'x'), date_add(DAY --#}\n"
)


def text_of(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@pytest.mark.parametrize("product", list(Product))
@pytest.mark.parametrize(
    "shape",
    ["dateadd(N{}, 1, a)", "dateadd(({}), 1, a)", "extract({} FROM a)", "dateadd(:u, 1, a)"],
)
@pytest.mark.parametrize("depth", [1, 2])
def test_a_unit_of_time_smuggles_nothing_in(shape: str, depth: int, product: Product) -> None:
    unit = HIDDEN
    if depth == 2:
        unit = f"DAY, 1, a), dateadd(N{text_of(unit)}, 1, a), (b"
    parameters: dict[str, Any] = {"u": unit} if ":u" in shape else {}

    with pytest.raises((SQLRefused, SQLInvalid)):
        sent(f"SELECT {shape.format(text_of(unit))} FROM flights", product=product, **parameters)  # noqa: S608


@pytest.mark.parametrize("path", ["R'\\047;%'", "R'\\\\u0027'", 'r"\\\\%"'])
def test_what_cannot_be_written_back_is_not_sent(path: str) -> None:
    with pytest.raises(SQLRefused, match="without changing its meaning"):
        sent(f"SELECT a->{path} FROM flights")  # noqa: S608


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT date_trunc('month', a), trunc(a, 'MM'), extract(year FROM a) FROM flights",
        "SELECT dateadd(day, 1, a), datediff(month, a, b), a + INTERVAL 1 DAY FROM flights",
        "SELECT a->'$.x.y', get_json_object(a, '$[0].x') FROM flights",
        "SELECT a FROM flights QUALIFY row_number() OVER (PARTITION BY a ORDER BY b) = 1",
        "WITH x AS (SELECT 'it''s \\\\ ${env:A}' AS a FROM flights) SELECT * FROM x, late",
    ],
)
def test_what_comes_back_the_same_is_sent(sql: str) -> None:
    assert sent(sql, most_rows=10).endswith("LIMIT 10")


@pytest.mark.parametrize("more", [", flights", ", late", ", default.flights", " JOIN a ON true"])
def test_what_is_read_nobody_knows_how_often_is_refused(more: str) -> None:
    a = "a AS (SELECT * FROM late)"
    counted = f"SELECT 1 AS n UNION ALL SELECT n + 1 FROM r{more} WHERE n < 90"  # noqa: S608

    with pytest.raises(SQLRefused, match="reads itself"):
        sent(f"WITH RECURSIVE {a}, r AS ({counted}) SELECT * FROM r")  # noqa: S608


def test_what_only_counts_may_read_itself() -> None:
    counted = "SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 90"

    text = sent(f"WITH RECURSIVE r AS ({counted}) SELECT * FROM r, flights")  # noqa: S608

    assert "UNION ALL" in text
