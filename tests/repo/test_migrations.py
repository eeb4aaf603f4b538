"""Migrations are linear and named by what they do."""

import itertools
import re

from django.apps import apps
from django.db.migrations.loader import MigrationLoader

OURS = ("governance.", "federation", "purge", "usage_limits")


def our_labels() -> list[str]:
    return [config.label for config in apps.get_app_configs() if config.name.startswith(OURS)]


def test_each_app_has_one_line_of_migrations() -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    for label in our_labels():
        names = sorted(name for app, name in loader.disk_migrations if app == label)
        numbers = [int(name[:4]) for name in names]
        assert numbers == list(range(1, len(numbers) + 1)), label
        for earlier, later in itertools.pairwise(names):
            parents = loader.disk_migrations[label, later].dependencies
            assert (label, earlier) in parents, later


def test_a_migration_is_named_by_what_it_does() -> None:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    nameless = [
        f"{label}.{name}"
        for label, name in loader.disk_migrations
        if label in our_labels() and re.search(r"_auto_|_alter_|\d{8}_\d{4}|_and_more$", name)
    ]

    assert nameless == []
