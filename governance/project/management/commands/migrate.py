"""`manage.py migrate`, as the tables' owner. The serving processes never hold that password."""

from typing import Any

from django.conf import settings
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connections

from governance.project import addresses, env


class Command(MigrateCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        connection.close()
        connection.settings_dict.update(
            addresses.database_owner(env.from_process(), settings.EMBEDDED)
        )
        super().handle(*args, **options)
