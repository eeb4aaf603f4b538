"""`manage.py load_demo`: the demo workspace, from real data. Loads what is missing."""

from django.core.management.base import BaseCommand
from django.utils import timezone

from governance.project.demo import workspace


class Command(BaseCommand):
    help = "Load the demo workspace: a small real lake, and everything configured over it."

    def handle(self, *_args: str, **_options: object) -> None:
        for note in workspace.load(now=timezone.now()):
            self.stdout.write(note)
