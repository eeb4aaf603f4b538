"""`manage.py verify_audit`: walk every chain; exit 1 with the first broken link."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.audit.services import anchors as outside, chains
from governance.audit.services.anchors import Anchor
from governance.isolation.scopes import system_scope


class Command(BaseCommand):
    help = "Verify the hash chains of the audit trail, also against what was anchored outside."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--anchors",
            nargs="+",
            type=Path,
            default=[],
            metavar="FILE",
            help="further files with anchors: those of other machines, or saved mails",
        )

    def handle(self, *_args: object, anchors: list[Path], **_options: object) -> None:
        further = _read(anchors)
        with system_scope("verify_audit"):
            written_down = [*outside.own(), *further]
            verification = chains.verify(now=timezone.now(), anchors=written_down)
        if verification.broken:
            link = verification.broken[0]
            owner = link.namespace_id or "the platform"
            message = f"Broken at sequence {link.sequence} of {owner}: {link.why}."
            raise CommandError(message)
        self.stdout.write(f"{verification.sealed} events verified, no link is broken.")
        self.stdout.write(f"{len(written_down)} anchors agree.")
        if verification.oldest_unsealed is not None:
            seconds = int(verification.oldest_unsealed.total_seconds())
            self.stdout.write(f"The oldest event without a seal is {seconds} s old.")


def _read(further: list[Path]) -> list[Anchor]:
    try:
        texts = [file.read_text(encoding="utf-8", errors="replace") for file in further]
    except OSError as error:
        raise CommandError(str(error)) from error
    return [one for text in texts for one in outside.parsed(text)]
