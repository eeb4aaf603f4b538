"""Storage layers of the data map, opened by their kind."""

from purge import selectors
from purge.models import StorageLayer
from purge.ports import Lake, LayerInvalid, LayerKind, StorageLayer as ObjectLayer, TableStore


def opened(layer: StorageLayer, *, lake: Lake) -> ObjectLayer | TableStore:
    """Raises LayerInvalid where the options are not usable."""
    described = selectors.description(layer)
    match described.kind:
        case LayerKind.FILESYSTEM | LayerKind.S3:
            return lake.layer(described)
        case LayerKind.POSTGRESQL | LayerKind.TABLE:
            return lake.tables(described)


def place(layer: StorageLayer, *, lake: Lake) -> str | None:
    """None where the options are not usable any more: nothing can be deleted there."""
    try:
        return opened(layer, lake=lake).place()
    except LayerInvalid:
        return None
