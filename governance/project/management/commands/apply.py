"""`manage.py apply FILE.yaml [--dry-run]`: make the configuration what the document says."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.project.configuration import applying, differences, documents
from governance.project.configuration.applying import Applied
from governance.project.configuration.documents import DocumentInvalidError
from governance.tenancy.services import actors


class Command(BaseCommand):
    help = "Make the configuration what a YAML document says; nothing is removed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="As manage.py export writes it; - reads standard input.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would change, and change nothing."
        )

    def handle(self, *, file: str, dry_run: bool, **_options: object) -> None:
        def confirm(applied: Applied) -> bool:
            for line in differences.lines(applied):
                self.stdout.write(line)
            return not dry_run

        try:
            wanted = documents.read(_text(file))
        except DocumentInvalidError as invalid:
            raise CommandError(str(invalid)) from invalid
        applied = applying.apply(
            wanted=wanted,
            folder=Path() if file == "-" else Path(file).parent,
            actor=actors.system(),
            now=timezone.now(),
            confirm=confirm,
        )
        if applied.problems:
            raise CommandError("\n".join([*applied.problems, "Nothing was changed."]))
        self.stdout.write(differences.counts(applied))
        if dry_run:
            self.stdout.write("Nothing was changed: this was a dry run.")


def _text(file: str) -> str:
    if file == "-":
        return sys.stdin.read()
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read: {error}"
        raise CommandError(message) from error
