"""Long work at a terminal: short transactions, a line that says how far it is, what it works on."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.core.management.base import CommandError

from governance.isolation import crossings
from governance.isolation.scopes import namespace_scope
from purge.models import Dataset, StorageLayer


class Terminal:
    """Implements `purge.ports.Work`. Scopes are the caller's: one namespace's."""

    def __init__(self, namespace_id: UUID) -> None:
        self._namespace_id = namespace_id
        self._has_line = False

    @contextmanager
    def scope(self) -> Iterator[None]:
        with namespace_scope(self._namespace_id):
            yield

    def progress(self, *, done: int, total: int | None = None) -> None:
        if sys.stderr.isatty():
            share = f" ({100 * done // total} %)" if total else ""
            sys.stderr.write(f"\r{done} of {total or 'so many'} objects{share} ")
            sys.stderr.flush()
            self._has_line = True

    def end_line(self) -> None:
        if self._has_line:
            sys.stderr.write("\n")
            self._has_line = False


def add_layer(parser: ArgumentParser) -> None:
    parser.add_argument("layer", help="name of the storage layer")
    parser.add_argument("--namespace", default="default")


def namespace_named(name: str) -> UUID:
    namespace_id = crossings.namespace_named(name)
    if namespace_id is None:
        message = f"There is no namespace {name!r}."
        raise CommandError(message)
    return namespace_id


def datasets_of(layer_name: str, *, prefix: str = "") -> list[Dataset]:
    """The layer's datasets. Needs the scope."""
    layer = StorageLayer.objects.filter(name=layer_name).first()
    if layer is None:
        message = f"There is no storage layer {layer_name!r} in this namespace."
        raise CommandError(message)
    found = list(
        Dataset.objects.filter(storage_layer=layer, prefix__startswith=prefix).order_by("prefix")
    )
    if not found:
        message = "The layer has no dataset of such a prefix: there is nothing to do."
        raise CommandError(message)
    return found
