"""The migration that parts the metastore index keeps every row, there and back."""

from collections.abc import Callable
from importlib import import_module

import psycopg

from governance.project.embedded.postgres import OWNER_ROLE

MIGRATION = import_module("purge.migrations.0006_partition_the_metastore_index")
ENTRIES = [
    (-(2**63), 0, 1, 2**31 - 1, 3),
    (7, 2**47 - 1, 1, 300, 3),
    (7, 2**40 + 1, 2, 32768, 4),
    (2**63 - 1, 12, 2**31 - 1, 1, 32767),
]


def test_rows_survive_the_way_there_and_back(
    connect_as: Callable[[str], psycopg.Connection],
) -> None:
    owner = connect_as(OWNER_ROLE)
    with owner.transaction(force_rollback=True):
        owner.execute(MIGRATION.JOIN)
        with owner.cursor() as cursor:
            cursor.executemany("INSERT INTO purge_indexentry VALUES (%s, %s, %s, %s, %s)", ENTRIES)
        owner.execute("SET LOCAL lakewarden.system = ''")

        owner.execute(MIGRATION.PARTITION)
        parts = owner.execute("SELECT count(DISTINCT tableoid) FROM purge_indexentry").fetchone()
        owner.execute(MIGRATION.JOIN)

        rows = owner.execute("SELECT * FROM purge_indexentry ORDER BY 1, 2").fetchall()
        assert rows == sorted(ENTRIES)
        assert parts is not None
        assert parts[0] > 1
