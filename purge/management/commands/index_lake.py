"""`manage.py index_lake LAYER [--prefix P]`: bring the index up to date, with progress.

Killed and started again it goes on where it was: what was indexed is found up to date.
"""

import time
from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import closing
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.outbox.services import messages
from purge import job_names, wiring
from purge.management.terminal import Terminal, add_layer, datasets_of, namespace_named
from purge.models import Dataset
from purge.ports import Format
from purge.ports.extraction import Readers, SparkFailed, SparkMissing
from purge.services import indexing


class Command(BaseCommand):
    help = "Bring the index of a storage layer up to date with what lies in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_layer(parser)
        parser.add_argument("--prefix", default="", help="only datasets whose prefix begins so")
        parser.add_argument("--engine", choices=["local", "spark"], default="local")
        parser.add_argument(
            "--workers",
            action="store_true",
            help="leave the reading to the workers, a batch of objects each",
        )

    def handle(self, *_args: object, **options: str) -> None:
        namespace_id = namespace_named(options["namespace"])
        with namespace_scope(namespace_id):
            datasets = datasets_of(options["layer"], prefix=options["prefix"])
            if options["workers"]:
                for dataset in datasets:
                    messages.enqueue_job(name=job_names.INDEX, dataset_id=dataset.pk)
                self.stdout.write(f"{len(datasets)} jobs written: their progress is at jobs/.")
                return
        try:
            if options["engine"] == "spark":
                with closing(wiring.spark_readers()) as readers:
                    self._index_all(namespace_id, datasets, readers)
            else:
                self._index_all(namespace_id, datasets, None)
        except (SparkMissing, SparkFailed) as refusal:
            raise CommandError(str(refusal)) from refusal

    def _index_all(
        self, namespace_id: UUID, datasets: Sequence[Dataset], readers: Readers | None
    ) -> None:
        for dataset in datasets:
            self._index(namespace_id, dataset, readers)

    def _index(self, namespace_id: UUID, dataset: Dataset, readers: Readers | None) -> None:
        name = dataset.prefix or "(everything)"
        if dataset.format == Format.TABLE:
            self.stdout.write(f"{name}: tables need no index, their engine is asked")
            return
        began = time.monotonic()
        work = Terminal(namespace_id)
        done = indexing.refresh(
            dataset_id=dataset.pk,
            work=work,
            lake=wiring.lake(),
            clock=timezone.now,
            readers=readers,
        )
        work.end_line()
        seconds = max(time.monotonic() - began, 0.001)
        self.stdout.write(
            f"{name}: {done.objects} objects, {done.read} read "
            f"({done.bytes_read / 1e6:.1f} MB, {done.bytes_read / 1e6 / seconds:.0f} MB/s), "
            f"{done.removed} gone, {len(done.unreachable)} unreachable"
        )
        for place in done.unreachable:
            self.stderr.write(f"{place.name}: {place.reason}")
