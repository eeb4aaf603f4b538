"""`manage.py index_lake LAYER [--prefix P]`: bring the index up to date, with progress."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.isolation import crossings
from governance.isolation.scopes import namespace_scope
from purge import wiring
from purge.models import Dataset, StorageLayer
from purge.services import indexing


class Terminal:
    """Work in short transactions, whose progress is a line at the terminal."""

    def __init__(self, namespace_id: UUID) -> None:
        self._namespace_id = namespace_id

    @contextmanager
    def scope(self) -> Iterator[None]:
        with namespace_scope(self._namespace_id):
            yield

    def progress(self, *, done: int, total: int | None = None) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done} of {total or done} objects ")
            sys.stderr.flush()


class Command(BaseCommand):
    help = "Bring the index of a storage layer up to date with what lies in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("layer", help="name of the storage layer")
        parser.add_argument("--namespace", default="default")
        parser.add_argument("--prefix", default="", help="only datasets whose prefix begins so")
        parser.add_argument("--engine", choices=["local"], default="local")

    def handle(self, *_args: object, **options: str) -> None:
        namespace_id = crossings.namespace_named(options["namespace"])
        if namespace_id is None:
            message = f"There is no namespace {options['namespace']!r}."
            raise CommandError(message)
        with namespace_scope(namespace_id):
            layer = StorageLayer.objects.filter(name=options["layer"]).first()
            if layer is None:
                message = f"There is no storage layer {options['layer']!r} in this namespace."
                raise CommandError(message)
            datasets = list(
                Dataset.objects.filter(
                    storage_layer=layer, prefix__startswith=options["prefix"]
                ).values_list("pk", "prefix")
            )
        if not datasets:
            message = "The layer has no dataset of such a prefix: there is nothing to index."
            raise CommandError(message)
        for dataset_id, prefix in datasets:
            self._index(namespace_id, dataset_id, prefix)

    def _index(self, namespace_id: UUID, dataset_id: UUID, prefix: str) -> None:
        began = time.monotonic()
        done = indexing.refresh(
            dataset_id=dataset_id,
            work=Terminal(namespace_id),
            lake=wiring.lake(),
            clock=timezone.now,
        )
        seconds = max(time.monotonic() - began, 0.001)
        self.stdout.write(
            f"{prefix or '(everything)'}: {done.objects} objects, {done.read} read "
            f"({done.bytes_read / 1e6:.1f} MB, {done.bytes_read / 1e6 / seconds:.0f} MB/s), "
            f"{done.removed} gone, {len(done.unreachable)} unreachable"
        )
        for place in done.unreachable:
            self.stderr.write(f"{place.name}: {place.reason}")
