"""A row of any namespaced table, straight into the database, carrying a marker to look for.

For the tests that go through every table there is; the apps' own builders make sensible rows.
"""

import itertools
from datetime import timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, models
from django.utils import timezone

from governance.isolation.scopes import current_scope, system_scope
from governance.kernel.identifiers import new_id
from governance.secrets import sealing

# What constraints ask for and a field alone does not tell, by model. Texts are templates.
PARTICULAR: dict[str, dict[str, Any]] = {
    "federation.IdentityProvider": {"enabled": False},
    "usage_limits.UsageLimit": {"feature_type": "spectrum", "limit_type": "data-scanned"},
    "tenancy.User": {"source": "saml"},
    "federation.Directory": {"urls": ["ldaps://ldap.customer.example"], "base_dn": "dc=customer"},
    "usage_limits.AlertChannel": {"kind": "email", "target": "{marker}{number}@customer.example"},
    "purge.Dataset": {"identifiers": [{"name": "email", "path": "email", "type": "string"}]},
    "purge.LegalHold": {"fingerprints": ["customer_id:0"]},
    "purge.ErasureDecision": {"decided_by_id": UUID(int=7)},
}

# What follows from another field of the same row.
FOLLOWING: dict[str, dict[str, str]] = {
    "purge.ErasureDecision": {"requested_by_id": "erasure_request.requested_by_id"},
}

# Of these a namespace has one row.
SINGLE = frozenset({"purge.ErasureRules"})

_numbers = itertools.count(1)


def a_row_of(model: Any, *, marker: str = "stranger") -> Any:
    """A row in the open scope, with the rows it needs. Texts that are free hold the marker."""
    if model._meta.label in SINGLE and (known := model.objects.first()) is not None:
        return known
    row = model(**_particular(model, marker=marker))
    row.namespace_id = current_scope().namespace_id
    sealed = []
    for field in model._meta.concrete_fields:
        if field.name in PARTICULAR.get(model._meta.label, {}) or not _is_wanted(field):
            continue
        if type(field).__name__ == "SealedTextField":
            sealed.append(field.name)
        else:
            setattr(row, field.name, _value(field, marker=marker))
    for name in sealed:
        sealing.put(row, name, marker)
    for name, path in FOLLOWING.get(model._meta.label, {}).items():
        setattr(row, name, attrgetter(path)(row))
    row.save(force_insert=True)
    return row


def all_as_text() -> str:
    """Every row of every table, to look for what none of them may hold."""
    found = []
    with system_scope("test"), connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f"SELECT to_jsonb(t)::text FROM {model._meta.db_table} t")  # noqa: S608 - our own table
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


def _particular(model: Any, *, marker: str) -> dict[str, Any]:
    values = PARTICULAR.get(model._meta.label, {})
    return {
        name: value.format(marker=marker, number=next(_numbers))
        if isinstance(value, str)
        else value
        for name, value in values.items()
    }


def _is_wanted(field: Any) -> bool:
    automatic = ("id", "namespace", "created_at", "updated_at")
    optional = field.null or field.has_default() or field.blank
    return field.name not in automatic and not optional


def _value(field: Any, *, marker: str) -> Any:
    if isinstance(field, models.ForeignKey):
        return a_row_of(field.related_model, marker=marker)
    if field.choices:
        return field.choices[0][0]
    number = next(_numbers)
    if isinstance(field, models.CharField | models.TextField):
        text = f"{marker}{number}"
        return text[: field.max_length] if field.max_length else text
    values: dict[type[Any], Any] = {
        models.DateTimeField: timezone.now() + timedelta(days=1),
        models.DateField: timezone.now().date(),
        models.UUIDField: new_id(),
        models.JSONField: {},
        models.BooleanField: False,
        models.DecimalField: Decimal(1),
        models.IntegerField: number,
    }
    return next(value for kind, value in values.items() if isinstance(field, kind))
