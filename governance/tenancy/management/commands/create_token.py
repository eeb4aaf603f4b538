"""`manage.py create_token NAME --namespace NS --scopes S[,S…] [--days N]`: prints it, once."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.isolation import crossings
from governance.isolation.scopes import namespace_scope
from governance.kernel.refusals import Refusal
from governance.tenancy.services import actors, tokens


class Command(BaseCommand):
    help = "Make an API token and print it, alone on its line, once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--namespace", required=True)
        parser.add_argument("--scopes", required=True, help="Comma-separated, such as usage:read")
        parser.add_argument("--days", type=int, default=tokens.DEFAULT_DAYS)

    def handle(
        self, *, name: str, namespace: str, scopes: str, days: int, **_options: object
    ) -> None:
        namespace_id = crossings.namespace_named(namespace)
        if namespace_id is None:
            message = f"There is no namespace named {namespace}."
            raise CommandError(message)
        try:
            with namespace_scope(namespace_id):
                _, text = tokens.create(
                    name=name,
                    scopes=[scope.strip() for scope in scopes.split(",") if scope.strip()],
                    days=days,
                    actor=actors.system(namespace_id),
                    now=timezone.now(),
                )
        except Refusal as refusal:
            message = " ".join((str(refusal), *(error.detail for error in refusal.errors)))
            raise CommandError(message) from refusal
        self.stdout.write(text)
