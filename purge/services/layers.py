"""Storage layers of the data map, opened by their kind."""

from purge import selectors
from purge.models import StorageLayer
from purge.ports import Lake, LayerKind, StorageLayer as ObjectLayer, TableStore


def opened(layer: StorageLayer, *, lake: Lake) -> ObjectLayer | TableStore:
    """Raises LayerInvalid where the options are not usable."""
    described = selectors.description(layer)
    match described.kind:
        case LayerKind.FILESYSTEM | LayerKind.S3:
            return lake.layer(described)
        case LayerKind.POSTGRESQL | LayerKind.TABLE:
            return lake.tables(described)
