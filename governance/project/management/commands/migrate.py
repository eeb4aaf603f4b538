"""`manage.py migrate`, as the tables' owner. The serving processes never hold that password."""

from django.conf import settings
from django.core.management.commands.migrate import Command as MigrateCommand
from django.db import connections

from governance.project import addresses, env


class Command(MigrateCommand):
    def handle(self, *args: str, **options: str) -> None:
        connection = connections[options["database"]]
        as_service = dict(connection.settings_dict)
        connection.close()
        owner = addresses.database_owner(env.from_process(), settings.EMBEDDED)
        connection.settings_dict.update(owner)
        try:
            super().handle(*args, **options)
        finally:
            connection.close()
            connection.settings_dict.clear()
            connection.settings_dict.update(as_service)
