"""`manage.py doctor`: every dependency and connection, one line each; exit 1 on a failure."""

import sys

from django.core.management.base import BaseCommand

from governance.project import examination


class Command(BaseCommand):
    help = "Examine every dependency and connection, one line each; exit 1 on a failure."
    # It is to say what is wrong, not to stop at Django's own checks.
    requires_system_checks: list[str] = []

    def handle(self, **_options: object) -> None:
        failures = 0
        for name in examination.EXAMINATIONS:
            is_well, finding = examination.examine(name)
            failures += not is_well
            word = self.style.SUCCESS("ok    ") if is_well else self.style.ERROR("FAILED")
            self.stdout.write(f"{word}  {name:<12}  {finding}")
        if failures:
            sys.exit(1)
