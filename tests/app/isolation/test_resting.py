"""A transaction in which nothing was written is given back while something slow is waited for."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.db import connection, transaction

from governance.isolation.scopes import (
    current_namespace_id,
    namespace_scope,
    resting,
    system_scope,
)
from governance.tenancy.models import Namespace, Role, User
from tests.factories import tenancy

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme() -> Namespace:
    return tenancy.a_namespace("acme")


def is_given_back() -> bool:
    """Asked of the connection itself: a query would begin a transaction."""
    held = connection.connection
    return held is None or bool(held.info.transaction_status == 0)


@pytest.fixture(autouse=True)
def _nothing_is_left_open() -> Iterator[None]:
    yield
    assert is_given_back()


def test_it_is_given_back_and_taken_up_again_in_the_same_scope(acme: Namespace) -> None:
    with namespace_scope(acme.pk), transaction.atomic(), transaction.atomic():
        assert Role.objects.exists()

        with resting():
            assert is_given_back()

        assert current_namespace_id() == acme.pk
        assert Role.objects.count() == 4
        assert not Namespace.objects.exclude(pk=acme.pk).exists()


def _rested_written_and_failed() -> None:
    with transaction.atomic(), transaction.atomic():
        with resting():
            assert is_given_back()
        tenancy.a_user("uma")
        raise ZeroDivisionError


def test_what_is_rolled_back_afterwards_is_rolled_back(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        Role.objects.count()
        with pytest.raises(ZeroDivisionError):
            _rested_written_and_failed()
        assert not User.objects.exists()
        tenancy.a_user("olga")
    with namespace_scope(acme.pk):
        assert [user.login_name for user in User.objects.all()] == ["olga"]


def test_a_refusal_while_it_rests_leaves_it_whole(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        with pytest.raises(ZeroDivisionError), transaction.atomic(), resting():
            raise ZeroDivisionError
        assert Role.objects.count() == 4


@pytest.mark.parametrize("how", ["written", "locked"])
def test_after_a_first_write_or_lock_it_stays_open(acme: Namespace, how: str) -> None:
    with namespace_scope(acme.pk):
        if how == "written":
            tenancy.a_user("uma")
        else:
            list(Role.objects.select_for_update())

        with resting():
            assert not is_given_back()


@pytest.mark.parametrize("fails", [False, True])
def test_where_one_scope_stands_within_another_both_are_taken_up_again(
    acme: Namespace, *, fails: bool
) -> None:
    """A platform administrator's session, inside a namespace."""
    tenancy.a_namespace("globex")
    with system_scope("test"), transaction.atomic():
        with suppress(ZeroDivisionError), namespace_scope(acme.pk), transaction.atomic():
            assert Role.objects.count() == 4

            with resting():
                assert is_given_back()

            assert current_namespace_id() == acme.pk
            assert Role.objects.count() == 4
            if fails:
                raise ZeroDivisionError
        # Rolled back to before the namespace's scope, or out of it: all are seen again.
        assert Role.objects.count() == 8
        assert {"acme", "globex"} <= set(Namespace.objects.values_list("name", flat=True))


def test_the_same_scope_twice_is_one(acme: Namespace) -> None:
    with namespace_scope(acme.pk), namespace_scope(acme.pk):
        Role.objects.count()

        with resting():
            assert is_given_back()

        assert Role.objects.count() == 4


def test_without_a_transaction_there_is_nothing_to_give_back() -> None:
    with resting():
        assert is_given_back()


def test_a_block_without_a_savepoint_is_gone_on_with_too(acme: Namespace) -> None:
    with namespace_scope(acme.pk), transaction.atomic(savepoint=False), transaction.atomic():
        Role.objects.count()

        with resting():
            assert is_given_back()

        assert Role.objects.count() == 4
