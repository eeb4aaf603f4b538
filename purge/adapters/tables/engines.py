"""Which table store a layer's options ask for."""

from enum import StrEnum
from pathlib import Path

from purge.adapters.tables.delta_table_store import DeltaTableStore
from purge.adapters.tables.iceberg_table_store import CATALOG, IcebergTableStore
from purge.ports import LayerDescription, LayerInvalid, TableStore


class Engine(StrEnum):
    DELTA = "delta"
    ICEBERG = "iceberg"
    HIVE = "hive"
    HUDI = "hudi"


OPTIONS = {
    Engine.DELTA: {"engine", "path"},
    Engine.ICEBERG: {"engine", "path", "catalog", "catalog_name"},
}


def lake_tables(described: LayerDescription, *, home: Path, path: str) -> TableStore:
    """Tables of files below `home`. Raises LayerInvalid for engines that cannot be driven here."""
    wanted = str(described.options.get("engine"))
    if wanted not in set(Engine):
        raise LayerInvalid(why='say which engine: {"engine": "delta"} or {"engine": "iceberg"}')
    engine = Engine(wanted)
    texts = {name: str(value) for name, value in described.options.items()}
    unknown = sorted(set(texts) - OPTIONS.get(engine, set(texts)))
    if unknown:
        raise LayerInvalid(why=f"{engine} tables have no option {', '.join(unknown)}")
    match engine:
        case Engine.DELTA:
            return DeltaTableStore(home=home, path=path)
        case Engine.ICEBERG:
            catalog = texts.get("catalog", CATALOG)
            name = texts.get("catalog_name", "default")
            return IcebergTableStore(home=home, path=path, catalog=catalog, name=name)
        case Engine.HIVE:
            raise LayerInvalid(
                why="Hive ACID tables are not erased from here: in Hive, DELETE the rows, then "
                "ALTER TABLE … COMPACT 'major' and wait until SHOW COMPACTIONS says succeeded"
            )
        case Engine.HUDI:
            raise LayerInvalid(
                why="Hudi tables are not erased from here: delete through Spark with Hudi's jar, "
                "then run its cleaner"
            )
