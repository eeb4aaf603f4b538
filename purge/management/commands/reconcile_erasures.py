"""`manage.py reconcile_erasures`: after a backup was put back, find who was erased and is back."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.isolation import crossings
from governance.isolation.scopes import namespace_scope
from governance.kernel.refusals import Refusal
from purge import wiring
from purge.services import certificate_copies, reconciling


class Quietly:
    """Work in short transactions, at a terminal."""

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
    help = (
        "Read what changed in every dataset and flag erased people who are back. A database that "
        "was restored learns from the copies of certificates in DATA_DIR, and from those given."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--namespace", default="default")
        parser.add_argument("--certificates", nargs="*", type=Path, default=[], metavar="FILE")

    def handle(
        self, *_args: object, namespace: str, certificates: list[Path], **_options: object
    ) -> None:
        namespace_id = crossings.namespace_named(namespace)
        if namespace_id is None:
            message = f"There is no namespace {namespace!r}."
            raise CommandError(message)
        work = Quietly(namespace_id)
        self._learn_from_copies(work, namespace_id)
        if certificates:
            try:
                learned = _learned(certificates, work, namespace_id)
            except (OSError, UnicodeDecodeError, Refusal) as error:
                raise CommandError(str(error)) from error
            self.stdout.write(
                f"{learned} fingerprints learned from {len(certificates)} certificates"
            )
        back = 0
        for one in reconciling.look(work=work, lake=wiring.lake(), clock=timezone.now):
            back += one.back
            self.stdout.write(
                f"{one.name}: {one.objects} objects, {one.read} read again, {one.back} erased "
                f"people back, {one.unreachable} unreachable"
            )
        for name in reconciling.not_compared(work=work):
            self.stdout.write(f"{name}: a table, whose rows are not compared; ask again for it")
        self.stdout.write(
            f"{back} to decide on, at the page of returns" if back else "nobody is back"
        )

    def _learn_from_copies(self, work: Quietly, namespace_id: UUID) -> None:
        """What this machine kept itself. One that is not genuine teaches nothing and is named."""
        learned, copies = 0, certificate_copies.kept(namespace_id)
        for file in copies:
            try:
                learned += _learned([file], work, namespace_id)
            except (OSError, UnicodeDecodeError, Refusal) as error:
                self.stderr.write(f"{file} is passed over: {error}")
        self.stdout.write(f"{learned} fingerprints learned from {len(copies)} copies kept here")


def _learned(files: list[Path], work: Quietly, namespace_id: UUID) -> int:
    texts = [file.read_text(encoding="utf-8") for file in files]
    with work.scope():
        return reconciling.learn(certificates=texts, namespace_id=namespace_id, now=timezone.now())
