"""`manage.py verify_certificate FILE`: whether a certificate is genuine; exit 1 if not."""

import sys
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from governance.isolation import crossings
from governance.isolation.scopes import namespace_scope
from governance.kernel.refusals import Refusal
from purge.services import certificate_checks


class Command(BaseCommand):
    help = "Check a certificate's hash, signature, key, and that it was issued here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the certificate's JSON file")
        parser.add_argument("--namespace", default="default")

    def handle(self, *_args: object, file: Path, namespace: str, **_options: object) -> None:
        namespace_id = crossings.namespace_named(namespace)
        if namespace_id is None:
            message = f"There is no namespace {namespace!r}."
            raise CommandError(message)
        try:
            with namespace_scope(namespace_id):
                checks = certificate_checks.check(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, Refusal) as error:
            raise CommandError(str(error)) from error
        for one in checks:
            word = "right" if one.ok else "WRONG"
            self.stdout.write(f"{word}  {one.name}  {one.detail}".rstrip())
        if not all(one.ok for one in checks):
            sys.exit(1)
