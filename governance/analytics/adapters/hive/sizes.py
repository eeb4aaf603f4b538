"""How large a table is, by the server's own word, before anything of it is read.

HiveServer2 tells nobody how many bytes a query read. Spark's `EXPLAIN COST` shows the size of the
files of each relation of the optimized plan; Hive's `DESCRIBE FORMATTED` the table's `totalSize`.
"""

import re
from collections.abc import Iterable, Sequence

from governance.analytics.domain.hive_options import Product
from governance.analytics.domain.spark_sql import Relation
from governance.kernel.refusals import Conflict

UNITS: dict[str, int] = {
    name: 1 << 10 * power for power, name in enumerate(("B", "KiB", "MiB", "GiB", "TiB", "PiB"))
}
# A leaf of Spark's plan that reads files or a table: not LocalRelation, not OneRowRelation.
LEAF = re.compile(
    r"(?<![A-Za-z])(?:Relation|HiveTableRelation|RelationV2|DataSourceV2Relation)\b.*?"
    r"Statistics\(sizeInBytes=(?P<number>[0-9.]+(?:E\+?\d+)?) (?P<unit>[KMGTPE]?i?B)"
)
SECTION = "== Physical Plan =="
# Spark rounds to one decimal.
ROUNDING = 0.05
TOTAL_SIZE = "totalSize"


class TableSizeUnknown(Conflict):
    code = "table_size_unknown"
    sentence = (
        "The server does not know the size of {table}, and usage is counted by it. Run ANALYZE "
        "TABLE … COMPUTE STATISTICS there, or set the engine's sizes to lake."
    )


class TablesHaveGrown(Conflict):
    code = "tables_have_grown"
    sentence = (
        "The tables are larger than when the query was admitted, so nothing was read. Run it again."
    )


def question(relation: Relation, *, product: Product) -> str:
    """The statement that asks for the size."""
    name = ".".join(f"`{part}`" for part in (relation.database, relation.name) if part)
    match product:
        case Product.SPARK:
            return f"EXPLAIN COST SELECT * FROM {name}"  # noqa: S608 - checked names
        case Product.HIVE:
            return f"DESCRIBE FORMATTED {name}"


def size_in(rows: Iterable[Sequence[object]], *, product: Product, table: str) -> int:
    """Bytes, from the rows of the answer. Raises TableSizeUnknown."""
    found: int | None = None
    match product:
        case Product.SPARK:
            found = _of_leaves("\n".join(str(row[0]) for row in rows if row))
        case Product.HIVE:
            found = _total_size(rows)
    if found is None:
        raise TableSizeUnknown(table=table)
    return found


def _of_leaves(plan: str) -> int | None:
    logical = plan.split(SECTION, 1)[0]
    leaves = [(float(leaf["number"]), leaf["unit"]) for leaf in LEAF.finditer(logical)]
    # Spark says 8 EiB where it does not know.
    if not leaves or any(unit not in UNITS for _, unit in leaves):
        return None
    sizes = (round((n + (ROUNDING if unit != "B" else 0)) * UNITS[unit]) for n, unit in leaves)
    return sum(sizes, 0)


def _total_size(rows: Iterable[Sequence[object]]) -> int | None:
    """A row of the table's parameters: nothing, `totalSize`, the number."""
    for row in rows:
        words = [str(value).strip() for value in row if value is not None]
        if TOTAL_SIZE in words:
            numbers = [word for word in words if word.isdigit()]
            return int(numbers[0]) if numbers else None
    return None
