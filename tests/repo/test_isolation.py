"""Each table of a namespace is behind the database's own wall."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models

from governance.isolation.models import ScopedModel
from governance.isolation.scopes import ScopeMissingError

pytestmark = pytest.mark.django_db


def scoped_models() -> list[type[ScopedModel]]:
    return [model for model in apps.get_models() if issubclass(model, ScopedModel)]


def answers(sql: str) -> set[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return {tuple(str(value) for value in row) for row in cursor.fetchall()}


def test_each_namespaced_table_has_forced_row_level_security_and_a_policy() -> None:
    walled = answers(
        "SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid "
        "WHERE c.relrowsecurity AND c.relforcerowsecurity"
    )

    open_tables = [
        model._meta.db_table for model in scoped_models() if (model._meta.db_table,) not in walled
    ]

    assert open_tables == []


def test_each_table_that_points_to_a_namespace_is_a_scoped_model() -> None:
    forgotten = [
        model._meta.label
        for model in apps.get_models()
        if not issubclass(model, ScopedModel)
        and any(field.name == "namespace" for field in model._meta.get_fields())
    ]

    assert forgotten == []


def test_each_relation_between_namespaced_tables_has_its_composite_twin() -> None:
    """A row may only point to a row of its own namespace, whatever the code forgot."""
    composite = answers(
        "SELECT con.conrelid::regclass, att.attname, con.confrelid::regclass "
        "FROM pg_constraint con "
        "JOIN pg_attribute att ON att.attrelid = con.conrelid AND att.attnum = ANY (con.conkey) "
        "WHERE con.contype = 'f' AND array_length(con.conkey, 1) = 2"
    )

    lonely = [
        f"{model._meta.label}.{field.name}"
        for model in scoped_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
        and issubclass(field.related_model, ScopedModel)
        and (model._meta.db_table, str(field.column), field.related_model._meta.db_table)
        not in composite
    ]

    assert lonely == []


def test_no_relation_of_many_to_many_has_a_hidden_table() -> None:
    tables: list[Any] = [
        field.remote_field.through
        for model in scoped_models()
        for field in model._meta.many_to_many
    ]
    hidden = [table._meta.label for table in tables if table._meta.auto_created]

    assert hidden == []


@pytest.mark.parametrize("model", scoped_models(), ids=lambda model: model._meta.label)
def test_each_manager_raises_without_a_scope(model: type[ScopedModel]) -> None:
    for manager in model._meta.managers:
        with pytest.raises(ScopeMissingError):
            getattr(model, manager.name).all()


@pytest.mark.parametrize("model", scoped_models(), ids=lambda model: model._meta.label)
def test_the_service_s_role_sees_no_row_without_a_scope(model: type[ScopedModel]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {model._meta.db_table}")  # noqa: S608 - our own table's name
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("model", scoped_models(), ids=lambda model: model._meta.label)
def test_ids_tell_nothing_of_how_many_there_are(model: type[ScopedModel]) -> None:
    field = model._meta.pk

    assert isinstance(field, models.UUIDField)
    assert field.get_default().version == 7
