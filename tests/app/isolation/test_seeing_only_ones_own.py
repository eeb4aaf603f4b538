"""Two walls between namespaces: managers that demand a scope, and row-level security behind."""

import pytest
from django.db import IntegrityError, InternalError, ProgrammingError, connection, transaction

from governance.isolation.scopes import (
    ScopeMissingError,
    current_namespace_id,
    namespace_scope,
    scope_of_namespace,
    system_scope,
)
from governance.tenancy.models import Namespace, Role, RoleBinding, User
from tests.factories import tenancy

pytestmark = pytest.mark.django_db


def rows(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.fetchone()[0])


def test_a_manager_without_a_scope_raises() -> None:
    with pytest.raises(ScopeMissingError):
        User.objects.all()


def test_a_namespace_sees_only_its_own_people() -> None:
    acme, other = tenancy.a_namespace("acme"), tenancy.a_namespace("other")
    with namespace_scope(acme.pk):
        uma = tenancy.a_user("uma")
    with namespace_scope(other.pk):
        tenancy.a_user("eve")

        seen = list(User.objects.values_list("login_name", flat=True))

    assert seen == ["eve"]
    with namespace_scope(acme.pk):
        assert list(User.objects.all()) == [uma]


def test_the_database_hides_other_namespaces_from_raw_sql() -> None:
    acme, other = tenancy.a_namespace("acme"), tenancy.a_namespace("other")
    with namespace_scope(acme.pk):
        tenancy.a_user("uma")

    with namespace_scope(other.pk):
        assert rows("SELECT count(*) FROM tenancy_user") == 0
        assert rows("SELECT count(*) FROM tenancy_namespace") == 1


def test_without_a_scope_the_database_shows_nothing() -> None:
    tenancy.a_namespace("acme")

    assert rows("SELECT count(*) FROM tenancy_namespace") == 0
    assert rows("SELECT count(*) FROM tenancy_role") == 0


def test_a_scope_is_entered_by_the_name_in_an_address() -> None:
    acme, other = tenancy.a_namespace("acme"), tenancy.a_namespace("other")
    with namespace_scope(other.pk):
        tenancy.a_user("eve")

    with scope_of_namespace("acme") as found:
        assert found == acme.pk == current_namespace_id()
        assert rows("SELECT count(*) FROM tenancy_namespace") == 1
        assert rows("SELECT count(*) FROM tenancy_user") == 0


@pytest.mark.parametrize("name", ["nobody", "ACME", "", "ac\0me"])
def test_a_name_that_no_namespace_bears_shows_nothing(name: str) -> None:
    acme = tenancy.a_namespace("acme")

    with scope_of_namespace(name) as found:
        assert found is None
        assert rows("SELECT count(*) FROM tenancy_namespace") == 0
        with pytest.raises(ScopeMissingError):
            current_namespace_id()

    with namespace_scope(acme.pk):
        with scope_of_namespace(name):
            assert rows("SELECT count(*) FROM tenancy_namespace") == 0
        assert rows("SELECT count(*) FROM tenancy_namespace") == 1


def test_a_row_cannot_be_written_into_another_namespace() -> None:
    acme, other = tenancy.a_namespace("acme"), tenancy.a_namespace("other")

    with pytest.raises(ProgrammingError, match="row-level security"), namespace_scope(acme.pk):
        Role.objects.create(name="smuggled", namespace=other)


def test_a_row_cannot_point_into_another_namespace() -> None:
    acme, other = tenancy.a_namespace("acme"), tenancy.a_namespace("other")
    with namespace_scope(other.pk):
        eve = tenancy.a_user("eve")
    with namespace_scope(acme.pk):
        author = tenancy.the_role("author")

    with system_scope("attack"):
        RoleBinding.objects.create(namespace=acme, user=eve, role=author)
        with pytest.raises(IntegrityError, match="same_namespace"):
            connection.check_constraints()
        transaction.set_rollback(True)


def test_the_service_cannot_switch_row_level_security_off() -> None:
    with pytest.raises(ProgrammingError, match="must be owner"), transaction.atomic():
        rows("ALTER TABLE tenancy_user DISABLE ROW LEVEL SECURITY")


def test_the_service_cannot_become_the_owner_or_superuser() -> None:
    with pytest.raises((ProgrammingError, InternalError)), transaction.atomic():
        rows("SET ROLE lakewarden_owner")
    with pytest.raises(ProgrammingError), transaction.atomic():
        rows("ALTER ROLE CURRENT_USER SUPERUSER")


def test_an_inner_scope_gives_the_outer_one_back() -> None:
    acme, other = tenancy.a_namespace("acme"), tenancy.a_namespace("other")

    with namespace_scope(acme.pk):
        with namespace_scope(other.pk):
            assert current_namespace_id() == other.pk
        inside = rows("SELECT count(*) FROM tenancy_namespace WHERE name = 'acme'")
        assert current_namespace_id() == acme.pk

    assert inside == 1


def test_a_scope_left_by_an_exception_gives_the_outer_one_back() -> None:
    acme, other = tenancy.a_namespace("acme"), tenancy.a_namespace("other")

    with namespace_scope(acme.pk):
        with pytest.raises(LookupError), namespace_scope(other.pk):
            raise LookupError
        names = list(Namespace.objects.values_list("name", flat=True))

    assert names == ["acme"]
    assert rows("SELECT count(*) FROM tenancy_namespace") == 0


def test_every_namespaced_table_forces_row_level_security() -> None:
    unprotected = """
        SELECT string_agg(c.relname, ', ') FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'namespace_id'
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
    """
    with connection.cursor() as cursor:
        cursor.execute(unprotected)
        assert cursor.fetchone()[0] is None
