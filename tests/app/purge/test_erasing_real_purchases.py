"""Customers of the CDNOW purchases erased from copies in every format, counted by DuckDB."""

import gzip
import random
import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import zstandard
from pyarrow import orc

from governance.project.demo.derive_lake import LAKE
from purge.models import Dataset
from tests.app.purge.conftest import Company

CUSTOMERS = 1000
IDENTIFIERS = [{"name": "customer_id", "path": "customer_id", "type": "string"}]
COLUMNS = "customer_id, purchased_on, cds, dollars"
TYPES = "columns={customer_id: 'VARCHAR', purchased_on: 'DATE', cds: 'INT', dollars: 'DOUBLE'}"
PACKED = {"gz": "gzip", "zst": "zstd"}
COPIES = {
    "ndjson": "ndjson",
    "ndjson.gz": "ndjson",
    "ndjson.zst": "ndjson",
    "csv": "csv",
    "csv.gz": "csv",
    "parquet": "parquet",
    "orc": "orc",
}

Purchases = list[tuple[str, object, int, float]]


def purchases(folder: Path) -> Purchases:
    """Every purchase, as a reader of the lake sees it."""
    name, _, suffix = folder.name.partition(".")
    objects = [str(path) for path in sorted(folder.iterdir())]
    with duckdb.connect() as connection:
        match name:
            case "ndjson" | "csv":
                read = "read_json" if name == "ndjson" else "read_csv"
                packed = PACKED.get(suffix, "none")
                reader = f"{read}({objects}, {TYPES}, compression='{packed}')"
            case "parquet":
                reader = f"read_parquet({objects})"
            case _:
                connection.register("orc", pa.concat_tables(map(orc.read_table, objects)))
                reader = "orc"
        query = f"SELECT {COLUMNS} FROM {reader} ORDER BY ALL"  # noqa: S608 - our own names
        return connection.execute(query).fetchall()


def copy(name: str, folder: Path) -> None:
    """The purchases in another format, one object a month, gzip in many members."""
    folder.mkdir()
    for source in sorted((LAKE / "purchases").iterdir()):
        target = folder / source.stem
        with duckdb.connect() as connection:
            query = f"SELECT {COLUMNS} FROM read_json('{source}', {TYPES})"  # noqa: S608
            rows = connection.sql(query)
            match name:
                case "ndjson":
                    shutil.copy(source, target)
                case "ndjson.gz":
                    lines = source.read_bytes().splitlines(keepends=True)
                    parts = [b"".join(lines[at : at + 50]) for at in range(0, len(lines), 50)]
                    target.write_bytes(b"".join(map(gzip.compress, parts)))
                case "ndjson.zst":
                    target.write_bytes(zstandard.compress(source.read_bytes()))
                case "csv" | "csv.gz":
                    kind = "none" if name == "csv" else "gzip"
                    rows.write_csv(str(target), header=True, compression=kind)
                case "parquet":
                    rows.write_parquet(str(target), row_group_size=2048)
                case _:
                    orc.write_table(rows.to_arrow_table(), str(target), compression="zlib")


@pytest.fixture
def copies(company: Company) -> dict[str, Path]:
    """A dataset for each copy, in one layer."""
    layer = company.dataset.storage_layer
    company.dataset.delete()
    folders = {name: company.folder / name for name in COPIES}
    for name, kind in COPIES.items():
        copy(name, folders[name])
        Dataset.objects.create(
            storage_layer=layer, prefix=f"{name}/", format=kind, identifiers=IDENTIFIERS
        )
    return folders


def test_exactly_the_purchases_of_a_thousand_customers_go_from_every_copy(
    company: Company, copies: dict[str, Path]
) -> None:
    before = purchases(copies["ndjson"])
    assert all(purchases(folder) == before for folder in copies.values())
    everybody = sorted({row[0] for row in before})
    chosen = set(random.Random(7).sample(everybody, CUSTOMERS))  # noqa: S311 - the same ones each time

    request = company.erase(
        company.approved(people=[{"customer_id": customer} for customer in sorted(chosen)])
    )

    assert request.state == "completed", request.problems
    expected = [row for row in before if row[0] not in chosen]
    for folder in copies.values():
        assert purchases(folder) == expected, folder.name
    totals = request.certificates.get().document["totals"]
    assert totals["records"] == (len(before) - len(expected)) * len(copies)
