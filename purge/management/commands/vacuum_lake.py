"""`manage.py vacuum_lake LAYER`: a layer's index cleaned up, and what unfinished work left."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from purge import wiring
from purge.domain import reasons
from purge.management.terminal import Terminal, add_layer, datasets_of, namespace_named
from purge.ports import LayerInvalid
from purge.services import vacuums
from purge.services.vacuums import Vacuumed


class Command(BaseCommand):
    help = "Drop what is gone from the index, re-index what was cut often, clear unfinished work."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_layer(parser)
        parser.add_argument(
            "--abort-uploads",
            type=int,
            metavar="DAYS",
            help="abort everybody's uploads that were not completed for so many days",
        )

    def handle(self, *_args: object, **options: Any) -> None:  # noqa: ANN401 - Django's
        namespace_id = namespace_named(options["namespace"])
        days = options["abort_uploads"]
        with namespace_scope(namespace_id):
            datasets = datasets_of(options["layer"])
        lake = wiring.lake()
        for dataset in datasets:
            work = Terminal(namespace_id)
            try:
                done = vacuums.run(
                    dataset_id=dataset.pk,
                    abort_older_than=None if days is None else timedelta(days=days),
                    work=work,
                    lake=lake,
                    clock=timezone.now,
                )
            except LayerInvalid as refusal:
                self.stderr.write(str(refusal))
                continue
            work.end_line()
            self._say(dataset.prefix or "(everything)", done)
        for line in lake.index.compact():
            self.stdout.write(line)

    def _say(self, name: str, done: Vacuumed) -> None:
        self.stdout.write(
            f"{name}: {done.gone} gone objects dropped, {done.read} objects read again, "
            f"{done.rebased} of them cut often, {done.discarded} unfinished attempts cleared, "
            f"{done.aborted} uploads aborted"
        )
        for place in done.unreachable:
            self.stderr.write(f"{place.name}: {reasons.sentence(place.reason)}")
