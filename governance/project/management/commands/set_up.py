"""`manage.py set_up`: bring an installation to where it can serve. Safe to repeat.

Migrates what is not migrated, collects static files that changed, makes the namespace `default`
and the first platform administrator. `make run` calls it at each start.
"""

import hashlib
import secrets
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from governance.isolation.guard import IsolationBroken, require_isolation
from governance.isolation.scopes import system_scope
from governance.project.embedded.folders import PRIVATE_FOLDER
from governance.tenancy.domain.people import LocalPerson
from governance.tenancy.models import Namespace, User
from governance.tenancy.services import actors, namespaces, users

DEFAULT_NAMESPACE = "default"
DEFAULT_ACCOUNT = "000000000001"
ADMINISTRATOR = "admin"


class Command(BaseCommand):
    help = "Bring this installation to where it can serve; safe to repeat."

    def handle(self, *args: str, **options: str) -> None:
        del args, options
        self._migrate()
        self._require_isolation()
        self._collect_static_files()
        self._make_lake_folders()
        with system_scope("set-up of the installation"):
            self._make_default_namespace()
            self._make_first_administrator()

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stderr.write("Migrating the database …")
            call_command("migrate", interactive=False, verbosity=0)

    def _require_isolation(self) -> None:
        try:
            require_isolation()
        except IsolationBroken as refusal:
            raise CommandError(str(refusal)) from refusal

    def _collect_static_files(self) -> None:
        done = Path(settings.STATIC_ROOT) / ".collected"
        wanted = fingerprint_of_static_files()
        if not done.exists() or done.read_text(encoding="utf-8") != wanted:
            self.stderr.write("Collecting static files …")
            call_command("collectstatic", interactive=False, verbosity=0)
            done.write_text(wanted, encoding="utf-8")

    def _make_lake_folders(self) -> None:
        """Those in our own data folder. A missing one elsewhere is for its owner to make."""
        for root in settings.LAKE_ROOTS:
            if root.is_relative_to(settings.DATA_DIR):
                root.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)

    def _make_default_namespace(self) -> None:
        if not Namespace.objects.filter(name=DEFAULT_NAMESPACE).exists():
            namespaces.create(
                name=DEFAULT_NAMESPACE,
                account_id=DEFAULT_ACCOUNT,
                actor=actors.system(),
                now=timezone.now(),
            )

    def _make_first_administrator(self) -> None:
        if User.objects.filter(namespace=None, is_active=True).exists():
            return
        password = secrets.token_urlsafe(15)
        users.create_local(
            person=LocalPerson(login_name=ADMINISTRATOR, display_name="Platform administrator"),
            password=password,
            actor=actors.system(),
            now=timezone.now(),
        )
        self.stdout.write(f"{'Platform administrator':<25} {ADMINISTRATOR:<6} password  {password}")


def fingerprint_of_static_files() -> str:
    """Changes when a static file of ours or of a package does."""
    found = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            state = Path(storage.path(path)).stat()
            found.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode())
    return found.hexdigest()
