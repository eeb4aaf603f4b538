"""`manage.py verify_audit`: walk every chain; exit 1 with the first broken link."""

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.audit.services import chains
from governance.isolation.scopes import system_scope


class Command(BaseCommand):
    help = "Verify the hash chains of the audit trail."

    def handle(self, **_options: object) -> None:
        with system_scope("verify_audit"):
            verification = chains.verify(now=timezone.now())
        if verification.broken:
            link = verification.broken[0]
            owner = link.namespace_id or "the platform"
            message = f"Broken at sequence {link.sequence} of {owner}: {link.why}."
            raise CommandError(message)
        self.stdout.write(f"{verification.sealed} events verified, no link is broken.")
        if verification.oldest_unsealed is not None:
            seconds = int(verification.oldest_unsealed.total_seconds())
            self.stdout.write(f"The oldest event without a seal is {seconds} s old.")
