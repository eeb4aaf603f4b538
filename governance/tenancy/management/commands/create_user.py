"""`manage.py create_user NAME --namespace NS [--email E] [--role R]… [--superuser]`."""

import secrets
from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import AbstractContextManager

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance.isolation import crossings
from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.refusals import Refusal
from governance.tenancy.domain.people import LocalPerson
from governance.tenancy.models import Role
from governance.tenancy.services import actors, users


class Command(BaseCommand):
    help = "Make a local user and print a one-time password, alone on its line."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="The login name, unique over the installation.")
        parser.add_argument("--namespace", help="Left out only with --superuser.")
        parser.add_argument("--email", default="")
        parser.add_argument("--role", action="append", default=[], dest="roles")
        parser.add_argument(
            "--superuser",
            action="store_true",
            help="A platform administrator, who belongs to no namespace.",
        )

    def handle(
        self,
        *,
        name: str,
        namespace: str | None,
        email: str,
        roles: Sequence[str],
        superuser: bool,
        **_options: object,
    ) -> None:
        password = secrets.token_urlsafe(12)
        try:
            with self._scope(namespace, superuser=superuser):
                users.create_local(
                    person=LocalPerson(login_name=name, email=email),
                    password=password,
                    roles=[self._role(role) for role in roles],
                    actor=actors.system(),
                    now=timezone.now(),
                )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(password)

    def _scope(self, namespace: str | None, *, superuser: bool) -> AbstractContextManager[None]:
        if superuser:
            if namespace:
                message = "A platform administrator belongs to no namespace: leave --namespace out."
                raise CommandError(message)
            return system_scope("create_user --superuser")
        namespace_id = crossings.namespace_named(namespace or "")
        if namespace_id is None:
            message = f"There is no namespace named {namespace}. Name one with --namespace."
            raise CommandError(message)
        return namespace_scope(namespace_id)

    def _role(self, name: str) -> Role:
        role = Role.objects.filter(name=name).first()
        if role is None:
            known = ", ".join(Role.objects.order_by("name").values_list("name", flat=True))
            message = f"There is no role named {name}. There are: {known}."
            raise CommandError(message)
        return role
