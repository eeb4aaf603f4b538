"""What a certificate says of each kind of storage layer: what is gone, and what is left to it."""

from collections.abc import Iterable

from purge.ports import LayerKind

STATEMENTS = {
    LayerKind.FILESYSTEM: {
        "deletion": "Each record was cut out of its file, and a new file put in its place.",
        "previous_versions": "A local folder keeps none.",
        "physical_reclaim": "The freed blocks are the file system's to overwrite. Its snapshots, "
        "and backups made before this certificate, are not covered by it.",
    },
    LayerKind.S3: {
        "deletion": "Each record was cut out of its object, and a new version put in its place.",
        "previous_versions": "Versions that held the records were removed, also those behind "
        "delete markers.",
        "physical_reclaim": "The store frees the space of removed versions in its own time. "
        "Replicas outside the bucket, and backups, are not covered.",
    },
    LayerKind.POSTGRESQL: {
        "deletion": "The database deleted the rows.",
        "previous_versions": "Dead rows are invisible to every reader.",
        "physical_reclaim": "Their bytes go when the table is vacuumed. Write-ahead logs, replicas "
        "and backups are not covered.",
    },
    LayerKind.TABLE: {
        "deletion": "The table's engine deleted the rows.",
        "previous_versions": "Snapshots that held them were expired where the format keeps any.",
        "physical_reclaim": "Files that no snapshot needs were removed by the engine, as each "
        "object's line says. Backups are not covered.",
    },
}


def statements(kinds: Iterable[LayerKind]) -> list[dict[str, str]]:
    """One for each kind that the erasure touched, in a fixed order."""
    touched = set(kinds)
    return [{"layer_kind": kind.value, **STATEMENTS[kind]} for kind in LayerKind if kind in touched]
