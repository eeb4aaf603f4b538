"""`manage.py sign_in_problems_page`: write docs/sign-in-problems.md from the code."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from federation.domain import explanations


class Command(BaseCommand):
    help = "Write the page of what to change for every refused sign-in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", default="docs/sign-in-problems.md")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ANN401, ARG002 - Django's
        Path(options["file"]).write_text(explanations.page(), encoding="utf-8")
        self.stdout.write(f"{options['file']}: written")
