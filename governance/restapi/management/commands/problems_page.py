"""`manage.py problems_page`: write docs/problems.md from the code."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from governance.restapi import catalogue


class Command(BaseCommand):
    help = "Write the page of every problem code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", default="docs/problems.md")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401, ARG002 - Django's
        Path(options["file"]).write_text(catalogue.page(), encoding="utf-8")
        self.stdout.write(f"{options['file']}: {len(catalogue.entries())} codes")
