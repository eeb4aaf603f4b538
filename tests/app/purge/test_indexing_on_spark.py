"""`index_lake --engine spark` gives the same index as here: a real Spark, in `make test-full`."""

import gzip
import importlib.util
import os
import shutil
from collections.abc import Callable
from io import BytesIO, StringIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from governance.isolation.scopes import namespace_scope
from purge.models import Dataset, LakeObject, StorageLayer
from purge.services import extraction, returns
from tests.app.purge.conftest import Company
from tests.factories import purge, s3
from tests.servers.requirements import miss_service
from tests.servers.seaweedfs import PLAIN, S3Store

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not os.environ.get("LAKEWARDEN_FULL"), reason="Apache Spark: only in make test-full"
    ),
    # Spark's launcher and py4j leave sockets to the collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
MANY = range(3000)
FLAT = [
    {"name": "customer_id", "path": "id", "type": "integer"},
    {"name": "email", "path": "email", "type": "string"},
]
Row = tuple[str, str, bool, int, int, int, int, int]


@pytest.fixture(autouse=True)
def spark(settings: Settings) -> None:
    if importlib.util.find_spec("pyspark") is None:
        miss_service("PySpark", reason="run make spark")
    if shutil.which("java") is None:
        miss_service("Java", reason="install the Debian package default-jre-headless")
    settings.SPARK_MASTER = "local[2]"


@pytest.fixture
def acme(make_company: Callable[[str], Company]) -> Company:
    """Files of every kind; in three of them nothing, or nothing that can be read."""
    made = make_company("acme")
    (made.folder / "a.ndjson").write_bytes(purge.records(*MANY, 7, 7))
    (made.folder / "b.ndjson.gz").write_bytes(gzip.compress(purge.records(*MANY[:500])))
    (made.folder / "broken.ndjson").write_bytes(b'{"customer": \n' + purge.records(8))
    (made.folder / "empty.ndjson").write_bytes(b"")
    (made.folder / "cut.ndjson.gz").write_bytes(gzip.compress(purge.records(1, 2))[:-9])
    with namespace_scope(made.namespace.pk):
        for kind, content in (("csv", a_csv()), ("parquet", a_parquet())):
            folder = made.folder.parent / kind
            folder.mkdir()
            (folder / f"a.{kind}").write_bytes(content)
            layer = StorageLayer.objects.create(
                name=kind, kind="filesystem", options={"path": kind}
            )
            Dataset.objects.create(storage_layer=layer, format=kind, identifiers=FLAT)
    return made


def a_csv() -> bytes:
    lines = ["id,email,note"]
    lines += [f'{one},c{one}@customer.example,"a, ""quoted""\nnote"' for one in MANY]
    return "\n".join(lines).encode()


def a_parquet() -> bytes:
    table = pa.table({"id": list(MANY), "email": [f"c{one}@customer.example" for one in MANY]})
    out = BytesIO()
    pq.write_table(table, out, row_group_size=1000)
    return out.getvalue()


def run(*words: str) -> str:
    out = StringIO()
    call_command("index_lake", *words, namespace="acme", stdout=out, stderr=out)
    return out.getvalue()


def index(company: Company) -> set[Row]:
    """Every row of the index, by the object's key and not its number."""
    with namespace_scope(company.namespace.pk):
        objects = {
            one.number: (str(one.dataset_id), one.key, one.current, one.size, one.unreadable)
            for one in LakeObject.objects.all()
        }
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT object_number, fingerprint, place, length_low FROM purge_indexentry"
            )
            return {(*objects[number], *rest) for number, *rest in cursor.fetchall()}


def objects(company: Company) -> set[tuple[object, ...]]:
    with namespace_scope(company.namespace.pk):
        columns = ("dataset_id", "key", "version", "size", "entries", "unreadable")
        return set(LakeObject.objects.values_list(*columns))


def forget(company: Company) -> None:
    with namespace_scope(company.namespace.pk):
        lake = purge.a_lake()
        for number in LakeObject.objects.values_list("number", flat=True):
            lake.index.remove(object_number=number)
        LakeObject.objects.all().delete()


@pytest.mark.parametrize("layer", ["sales", "csv", "parquet"])
def test_a_local_lake_has_the_same_index_as_when_it_is_read_here(acme: Company, layer: str) -> None:
    said_here = run(layer)
    here = index(acme), objects(acme)
    forget(acme)

    said = run(layer, "--engine", "spark")

    assert len(here[0]) > len(MANY)
    assert (index(acme), objects(acme)) == here
    assert said.split("(", 2)[0] == said_here.split("(", 2)[0]
    assert ("unreadable" in said) == ("unreadable" in said_here)
    assert " 0 read " in run(layer, "--engine", "spark")


def test_a_bucket_has_the_same_index(acme: Company, s3_store: S3Store, settings: Settings) -> None:
    lake = s3.a_lake(s3_store, settings, PLAIN)
    with namespace_scope(acme.namespace.pk):
        lake.dataset()
    lake.put("a.ndjson", purge.records(*MANY))
    lake.put("b.ndjson", gzip.compress(purge.records(7, 8)))
    run("s3")
    here = index(acme), objects(acme)
    forget(acme)

    run("s3", "--engine", "spark")

    assert len(here[0]) == 2 * len(MANY) + 4
    assert (index(acme), objects(acme)) == here


def test_only_what_changed_is_read_again(acme: Company) -> None:
    run("sales", "--engine", "spark")
    (acme.folder / "a.ndjson").write_bytes(purge.records(5))
    (acme.folder / "b.ndjson.gz").unlink()

    said = run("sales", "--engine", "spark")

    assert " 1 gone" in said
    with namespace_scope(acme.namespace.pk):
        assert LakeObject.objects.get(key="a.ndjson").entries == 2


def test_the_driver_reads_nothing_itself(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(extraction, "extract")  # Executors are processes of their own.

    assert "1 objects, 1 read" in run("parquet", "--engine", "spark")


def test_secrets_are_in_no_command_line(acme: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    before = returns.note

    def looking(**known: object) -> None:
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.append(file.read_bytes().decode(errors="replace"))
            except OSError:
                continue
        before(**known)  # type: ignore[arg-type]

    monkeypatch.setattr(returns, "note", looking)
    run("csv", "--engine", "spark")

    launched = [one for one in seen if "spark" in one and "java" in one]
    assert launched
    assert all("credential" not in one and "FIELD_KEYS" not in one for one in launched)


def test_a_cluster_that_does_not_answer_is_said(acme: Company, settings: Settings) -> None:
    settings.SPARK_MASTER = "nonsense://nowhere"

    with pytest.raises(CommandError, match="--engine local"):
        run("sales", "--engine", "spark")
