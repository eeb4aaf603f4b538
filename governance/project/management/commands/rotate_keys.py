"""`manage.py rotate_keys`: seal every secret again with the first key of FIELD_KEYS.

Row by row, each in its own transaction and under its lock, so it may run beside writers, be
killed at any point and be run again. Afterwards the old keys can be removed.
"""

from collections.abc import Iterator
from typing import cast

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import models

from governance.isolation.scopes import system_scope
from governance.secrets import sealing
from governance.secrets.fields import SealedTextField


class Command(BaseCommand):
    help = "Seal every secret again with the current key."

    def handle(self, **_options: object) -> None:
        changed = 0
        for model, columns in _sealed_models():
            with system_scope("rotate_keys"):
                keys = list(model._default_manager.values_list("pk", flat=True))  # noqa: SLF001
            for key in keys:
                changed += _reseal(model, key, columns)
        self.stdout.write(f"{changed} secrets were sealed again with the current key.")


def _sealed_models() -> Iterator[tuple[type[models.Model], list[str]]]:
    for model in apps.get_models():
        fields = model._meta.get_fields()  # noqa: SLF001 - Django's public name
        columns = [field.name for field in fields if isinstance(field, SealedTextField)]
        if columns:
            yield model, columns


def _reseal(model: type[models.Model], key: object, columns: list[str]) -> int:
    with system_scope("rotate_keys"):
        row = model._default_manager.select_for_update().filter(pk=key).first()  # noqa: SLF001
        if row is None:
            return 0
        place = cast("sealing.SealedRow", row)
        resealed = [column for column in columns if sealing.reseal(place, column)]
        if resealed:
            row.save(update_fields=resealed)
        return len(resealed)
