"""The migration that packs large objects keeps what arrived before."""

from collections.abc import Callable
from importlib import import_module

import psycopg

from governance.project.embedded.postgres import OWNER_ROLE

OPERATION = import_module(
    "purge.migrations.0011_pack_large_objects_into_blocks"
).Migration.operations[0]
PUBLISHED, LOST, ITS_OBJECT = 1001, 1002, 7
ARRIVALS = [(PUBLISHED, ITS_OBJECT, 3), (LOST, None, 3)]
ENTRIES = [
    (11, 0, PUBLISHED, 300, 3),
    (12, 300, PUBLISHED, 300, 3),
    (11, 0, LOST, 300, 3),
    (11, 0, 8, 300, 4),
]


def test_what_arrived_is_its_objects_and_what_nobody_published_is_gone(
    connect_as: Callable[[str], psycopg.Connection],
) -> None:
    owner = connect_as(OWNER_ROLE)
    with owner.transaction(force_rollback=True), owner.cursor() as cursor:
        cursor.execute(OPERATION.reverse_sql)
        cursor.executemany(
            "INSERT INTO purge_indexarrival (number, object_number, namespace_number) "
            "VALUES (%s, %s, %s)",
            ARRIVALS,
        )
        cursor.executemany("INSERT INTO purge_indexentry VALUES (%s, %s, %s, %s, %s)", ENTRIES)

        cursor.execute(OPERATION.sql)

        cursor.execute("SELECT * FROM purge_indexentry ORDER BY object_number, fingerprint")
        assert cursor.fetchall() == [
            (11, 0, ITS_OBJECT, 300, 3),
            (12, 300, ITS_OBJECT, 300, 3),
            (11, 0, 8, 300, 4),
        ]
        cursor.execute("SELECT count(*) FROM purge_indexarrival")
        assert cursor.fetchone() == (0,)
