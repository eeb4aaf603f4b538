"""`manage.py export [--namespace NS]`: the whole configuration as YAML, without its secrets."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.project.configuration import documents, exporting
from governance.tenancy.services import actors


class Command(BaseCommand):
    help = "Print the configuration as YAML, as manage.py apply takes it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--namespace", help="Only this one.")

    def handle(self, *, namespace: str | None, **_options: object) -> None:
        found = exporting.exported(name=namespace, actor=actors.system(), now=timezone.now())
        if namespace is not None and not found:
            message = f"There is no namespace named {namespace}."
            raise CommandError(message)
        self.stdout.write(documents.written(found), ending="")
