"""`manage.py recover_access NAMESPACE`: back into a namespace whose identity provider is down."""

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from federation.services import enforcements
from governance.isolation import crossings
from governance.isolation.scopes import namespace_scope
from governance.kernel.refusals import Refusal
from governance.tenancy.services import actors


class Command(BaseCommand):
    help = (
        "Allow password sign-in in a namespace again. With --login-name, also make a password "
        "for one sign-in of that local administrator. Audited, and mailed to its IT admins."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("namespace")
        parser.add_argument("--login-name", default="", help="A local administrator, old or new.")

    def handle(self, *_args: str, namespace: str, login_name: str, **_options: object) -> None:
        namespace_id = crossings.namespace_named(namespace)
        if namespace_id is None:
            message = f"There is no namespace named {namespace}."
            raise CommandError(message)
        actor = actors.system(namespace_id)
        try:
            with namespace_scope(namespace_id):
                password = enforcements.recover(
                    login_name=login_name, actor=actor, now=timezone.now()
                )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Local users of {namespace} may sign in by password.")
        if password:
            self.stdout.write(f"For {login_name}, once and within an hour: {password}")
            self.stdout.write("Set a lasting password on that user's page after signing in.")
