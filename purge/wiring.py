"""Which adapter stands behind each port of erasure.

Adapters of heavy libraries are imported by name, when they are first asked for: boto3, pyiceberg
with SQLAlchemy, deltalake and fpdf2 take longer to import than all the rest of the service, in
every process and command, and most never use them.
"""

import os
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from governance.egress.addresses import networks
from purge.adapters.compressed.record_format import CompressedRecordFormat
from purge.adapters.filesystem.storage_layer import FilesystemStorageLayer
from purge.adapters.orc.record_format import OrcRecordFormat
from purge.adapters.parquet.record_format import ParquetRecordFormat
from purge.adapters.postgresql.metastore_index import PostgreSQLMetastoreIndex
from purge.adapters.text.csv_record_format import CsvRecordFormat
from purge.adapters.text.ndjson_record_format import NdjsonRecordFormat
from purge.ports import (
    Format,
    Lake,
    LayerDescription,
    LayerInvalid,
    LayerKind,
    RecordFormat,
    StorageLayer,
    TableStore,
)
from purge.ports.extraction import Readers, SparkMissing
from purge.services import extraction

S3 = "purge.adapters.s3.layers.layer"
POSTGRESQL = "purge.adapters.postgresql.layers.tables"
LAKE_TABLES = "purge.adapters.tables.engines.lake_tables"
SPARK = "purge.adapters.spark.readers.SparkReaders"
BOUNDS = (
    *("LAKE_ROOTS", "S3_ENDPOINTS", "S3_ROOTS", "EGRESS_ALLOWED_NETWORKS"),
    *("EGRESS_ALLOWED_PORTS", "USE_TZ"),
)
"""The settings that storage layers need, and all that Spark's executors are told."""

LONGEST_PATH, LONGEST_NAME = 1024, 255
PAPER = "purge.adapters.fpdf2_certificate_paper.render"


def lake() -> Lake:
    return Lake(
        layer=storage_layer,
        tables=table_store,
        record_format=record_format,
        index=PostgreSQLMetastoreIndex(),
    )


def storage_layer(described: LayerDescription) -> StorageLayer:
    """Raises LayerInvalid where the options do not say a place that this namespace may use."""
    match described.kind:
        case LayerKind.FILESYSTEM:
            return _filesystem(described)
        case LayerKind.S3:
            s3: Callable[..., StorageLayer] = import_string(S3)
            return s3(
                described,
                endpoints=settings.S3_ENDPOINTS,
                roots=settings.S3_ROOTS,
                clock=timezone.now,
            )
        case LayerKind.POSTGRESQL | LayerKind.TABLE:
            raise LayerInvalid(why="it keeps tables, no objects")


def table_store(described: LayerDescription) -> TableStore:
    """Raises LayerInvalid where the options do not say tables that this namespace may use."""
    match described.kind:
        case LayerKind.POSTGRESQL:
            allowed = networks(settings.EGRESS_ALLOWED_NETWORKS)
            postgresql: Callable[..., TableStore] = import_string(POSTGRESQL)
            return postgresql(described, allowed=allowed)
        case LayerKind.TABLE:
            home, path = _place(described)
            lake_tables: Callable[..., TableStore] = import_string(LAKE_TABLES)
            return lake_tables(described, home=home, path=path)
        case LayerKind.FILESYSTEM | LayerKind.S3:
            raise LayerInvalid(why="it keeps objects, no tables")


def record_format(wanted: Format) -> RecordFormat:
    match wanted:
        case Format.NDJSON:
            return CompressedRecordFormat(NdjsonRecordFormat())
        case Format.CSV:
            return CompressedRecordFormat(CsvRecordFormat())
        case Format.PARQUET:
            return ParquetRecordFormat()
        case Format.ORC:
            return OrcRecordFormat()
        case Format.TABLE:
            raise LayerInvalid(why="a table's rows are its engine's")


def spark_readers() -> Readers:
    """Executors import this module: nothing here may need tables. Raises SparkMissing."""
    try:
        pyspark = import_module("pyspark")
    except ImportError as error:
        raise SparkMissing from error
    readers: Callable[..., Readers] = import_string(SPARK)
    return readers(
        pyspark=pyspark,
        python=settings.SPARK_PYTHON,
        options={
            "spark.app.name": "lakewarden-index",
            "spark.master": settings.SPARK_MASTER,
            "spark.executorEnv.PYTHONPATH": str(settings.ROOT),
        },
        settings={name: getattr(settings, name) for name in BOUNDS},
        extract=partial(extraction.pieces, lake=lake()),
    )


def certificate_paper(body: Mapping[str, Any]) -> bytes:
    """A certificate, as it is handed out in JSON, as a PDF file."""
    render: Callable[[Mapping[str, Any]], bytes] = import_string(PAPER)
    return render(body)


def _filesystem(described: LayerDescription) -> FilesystemStorageLayer:
    if set(described.options) - {"path"}:
        raise LayerInvalid(why="a filesystem has one option, path, a text")
    home, path = _place(described)
    return FilesystemStorageLayer(home=home, path=path)


def _place(described: LayerDescription) -> tuple[Path, str]:
    """A folder below one of LAKE_ROOTS, in the part that has the namespace's name.

    `path` is relative to that part, in the first root that has it, or absolute and inside it.
    """
    path = described.options.get("path", "")
    if not isinstance(path, str):
        raise LayerInvalid(why="the path is a text")
    if len(path) > LONGEST_PATH or any(
        len(os.fsencode(one)) > LONGEST_NAME for one in path.split("/")
    ):
        raise LayerInvalid(why="the path is longer than any that a file system has")
    if described.namespace_name in {"", ".", ".."}:
        raise LayerInvalid(why="the namespace's name names no folder of its own")
    homes = [Path(root) / described.namespace_name for root in settings.LAKE_ROOTS]
    if path.startswith("/"):
        for home in homes:
            if Path(path).is_relative_to(home):
                below = Path(path).relative_to(home).as_posix()
                return home, "" if below == "." else below
        raise LayerInvalid(why="the path is outside the namespace's part of LAKE_ROOTS")
    existing = [home for home in homes if (home / path).is_dir()]
    return (existing or homes)[0], path
