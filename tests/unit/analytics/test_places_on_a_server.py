"""Where tables lie on a Hive server, who may use which server, and how large a table is."""

from collections.abc import Mapping

import pytest

from governance.analytics.adapters.hive import sizes
from governance.analytics.adapters.hive.sizes import TableSizeUnknown
from governance.analytics.domain import hive_places
from governance.analytics.domain.dialect import TableUnknown
from governance.analytics.domain.engine_refusals import EngineOptionsInvalid
from governance.analytics.domain.engines import EngineKind, check_options
from governance.analytics.domain.hive_options import HiveOptions, Product
from governance.analytics.domain.hive_places import HiveLocationRefused, Place
from governance.analytics.domain.hive_servers import HiveServerNotAllowed, HiveServers
from governance.analytics.domain.plans import TableFormat, TableSource
from governance.analytics.domain.spark_sql import Relation

BASE = "s3a://lake/acme"
PUBLIC = {"host": "spark.acme.example", "username": "lakewarden", "lake_url": BASE}
INSIDE = {"host": "spark.internal", "transport": "plain", "authentication": "none"}
NAMED = HiveServers.parse(["spark.internal:10000=s3a://lake", "hive.internal:10000"])


def place(
    location: str = "sales/",
    *prefixes: str,
    kind: TableFormat = TableFormat.PARQUET,
    columns: tuple[tuple[str, str], ...] = (("n", "int"), ("w", "string")),
    options: Mapping[str, object] | None = None,
) -> Place:
    table = TableSource(
        database="default", name="sales", location=location, format=kind, columns=columns
    )
    return hive_places.place_of(
        table=table,
        options=HiveOptions.parse({**PUBLIC, **(options or {})}),
        base=BASE,
        prefixes=prefixes,
        name="v",
    )


def test_files_become_a_view_of_the_session() -> None:
    [statement] = place().setup

    assert statement == (
        "CREATE TEMPORARY VIEW `v` USING parquet OPTIONS (mergeSchema 'true', "
        "path 's3a://lake/acme/sales')"
    )


def test_csv_is_read_by_the_names_and_types_that_the_catalogue_has() -> None:
    [statement] = place(kind=TableFormat.CSV).setup

    assert statement.startswith("CREATE TEMPORARY VIEW `v` (`n` int, `w` string) USING csv")
    assert "enforceSchema 'false'" in statement


def test_types_that_spark_writes_otherwise_are_looked_up_in_the_files() -> None:
    nested = (("n", "struct<a: int64>"),)

    assert place(kind=TableFormat.NDJSON, columns=nested).setup == (
        "CREATE TEMPORARY VIEW `v` USING json OPTIONS (path 's3a://lake/acme/sales')",
    )


def test_a_table_inside_the_roles_folder_is_read_whole() -> None:
    assert place("sales/eu", "sales/").setup == place("sales/eu").setup


def test_of_a_table_around_the_roles_folders_those_alone_are_read() -> None:
    first, second, union = place("sales/", "sales/region=eu/", "sales/region=us", "other/").setup

    assert "path 's3a://lake/acme/sales/region=eu', basePath 's3a://lake/acme/sales'" in first
    assert "region=us'" in second
    assert union == (
        "CREATE TEMPORARY VIEW `v` AS SELECT `n`, `w` FROM `v_0` UNION ALL "
        "SELECT `n`, `w` FROM `v_1`"
    )


@pytest.mark.parametrize("prefix", ["other/", "sales2/", "sale", "sales/../other"])
def test_a_table_outside_the_roles_folders_is_not_there(prefix: str) -> None:
    with pytest.raises((TableUnknown, HiveLocationRefused)):
        place("sales/", prefix)


@pytest.mark.parametrize(
    "location",
    [
        *("../globex", "sales/../../globex", "*", "{acme,globex}", "a?", "[a]", "a'b", "a`b"),
        *("a,b", "${env:HOME}", "a\\b", "a b", "a\nb", "a;b", "é"),
    ],
)
def test_a_location_that_leads_elsewhere_or_to_several_is_refused(location: str) -> None:
    with pytest.raises(HiveLocationRefused):
        place(location)


def test_a_table_of_the_server_is_named_in_its_own_database() -> None:
    options = {"tables": "server", "server_databases": {"default": "acme_prod"}}

    assert place(options=options) == place("sales/", "sales/", options=options)
    assert place(options=options).relation == Relation(name="sales", database="acme_prod")
    assert place(options=options).setup == ()


def test_of_a_table_of_the_server_nothing_is_cut_out() -> None:
    with pytest.raises(TableUnknown):
        place("sales/", "sales/eu/", options={"tables": "server"})


def test_a_server_outside_is_encrypted_and_asks_for_a_password() -> None:
    options = HiveOptions.parse(PUBLIC)

    assert HiveServers().base_of(options, namespace_name="acme") == BASE
    for change in ({"transport": "plain"}, {"authentication": "none"}, {"lake_url": ""}):
        with pytest.raises(HiveServerNotAllowed):
            HiveServers().base_of(HiveOptions.parse(PUBLIC | change), namespace_name="acme")


def test_a_server_inside_shows_each_namespace_its_own_folder() -> None:
    options = HiveOptions.parse(INSIDE)

    assert NAMED.base_of(options, namespace_name="acme") == "s3a://lake/acme"
    with pytest.raises(HiveServerNotAllowed):
        NAMED.base_of(options, namespace_name="..")


@pytest.mark.parametrize(
    "change", [{"lake_url": "s3a://lake/globex"}, {"tables": "server"}, {"port": 10_001}]
)
def test_a_server_inside_shows_nothing_else(change: dict[str, object]) -> None:
    with pytest.raises(HiveServerNotAllowed):
        NAMED.base_of(HiveOptions.parse(INSIDE | change), namespace_name="acme")


ROOTLESS = {
    "host": "HIVE.internal",
    "transport": "plain",
    "username": "acme",
    "tables": "server",
    "product": "hive",
}


def test_where_the_operator_names_no_root_the_account_decides() -> None:
    assert NAMED.base_of(HiveOptions.parse(ROOTLESS), namespace_name="acme") == ""


@pytest.mark.parametrize("authentication", ["none", "nosasl"])
@pytest.mark.parametrize(
    "change", [{}, {"tables": "files", "lake_url": "s3a://lake/globex", "product": "spark"}]
)
def test_where_nothing_bounds_an_engine_it_signs_in(
    authentication: str, change: dict[str, object]
) -> None:
    options = HiveOptions.parse(ROOTLESS | change | {"authentication": authentication})

    with pytest.raises(HiveServerNotAllowed, match="password"):
        NAMED.base_of(options, namespace_name="acme")


@pytest.mark.parametrize("word", ["spark", "spark:x", ":1", "a:1=http://x", "a:1=s3a://b/*"])
def test_a_server_that_is_named_wrongly_is_told_at_the_start(word: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        HiveServers.parse([word])


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("host", ""),
        ("host", "a b"),
        ("host", "http://a"),
        ("port", 0),
        ("port", "10000"),
        ("transport", "ssl"),
        ("authentication", "kerberos"),
        ("username", 3),
        ("username", ""),
        ("ca_certificates", "no certificate"),
        ("lake_url", "http://lake"),
        ("lake_url", "s3a://lake/*"),
        ("lake_url", "s3a://lake/../x"),
        ("lake_url", "s3a://AKIAX:canary@lake/x"),
        ("server_databases", {"default": "a`b"}),
        ("server_databases", ["default"]),
        ("sizes", None),
        ("memory_megabytes", 64),
        ("sudo", True),
    ],
)
def test_a_wrong_option_is_told_by_its_name(option: str, value: object) -> None:
    with pytest.raises(EngineOptionsInvalid) as refused:
        check_options(kind=EngineKind.HIVESERVER2, raw={**PUBLIC, option: value})

    assert [error.pointer for error in refused.value.errors] == [f"/options/{option}"]


def test_an_engine_of_this_machine_has_no_options_of_a_server() -> None:
    with pytest.raises(EngineOptionsInvalid):
        check_options(kind=EngineKind.DUCKDB, raw={"host": "spark.acme.example"})


PLAN = """== Optimized Logical Plan ==
Project [a#1], Statistics(sizeInBytes=3.0 B)
+- Union, Statistics(sizeInBytes=9.9 GiB)
   :- Relation [a#1,b#2] parquet, Statistics(sizeInBytes=747.0 B)
   :- HiveTableRelation [`d`.`t`, org.x, Data Cols: [a#1]], Statistics(sizeInBytes=1.5 KiB)
   +- LocalRelation [a#5], Statistics(sizeInBytes=5.0 B)

== Physical Plan ==
FileScan Relation [a] Statistics(sizeInBytes=99.0 B)
"""


def test_the_size_is_that_of_the_relations_of_sparks_plan() -> None:
    found = sizes.size_in([[PLAN]], product=Product.SPARK, table="t")

    assert 747 + 1.5 * 1024 <= found <= 747 + 1.56 * 1024


@pytest.mark.parametrize("plan", ["", "== Parsed ==", PLAN.replace("1.5 KiB", "8.0 EiB")])
def test_a_size_that_spark_does_not_know_is_no_size(plan: str) -> None:
    with pytest.raises(TableSizeUnknown):
        sizes.size_in([[plan]], product=Product.SPARK, table="t")


def test_the_size_of_hives_table_is_among_its_parameters() -> None:
    rows: list[list[object]] = [
        ["# col_name", "data_type", None],
        ["", "totalSize           ", "4096  "],
    ]

    assert sizes.size_in(rows, product=Product.HIVE, table="t") == 4096
    with pytest.raises(TableSizeUnknown):
        sizes.size_in(rows[:1], product=Product.HIVE, table="t")
