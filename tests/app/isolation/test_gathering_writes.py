"""Writes that go together are seen, refused and rolled back as if each had gone alone."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction

from governance.isolation import batches, insertions
from governance.isolation.scopes import current_namespace_id, namespace_scope
from governance.tenancy.models import Namespace, Role
from tests.factories import tenancy

pytestmark = pytest.mark.django_db

Counting = Callable[[int], AbstractContextManager[object]]


@pytest.fixture
def acme() -> Iterator[Namespace]:
    namespace = tenancy.a_namespace("acme")
    with namespace_scope(namespace.pk):
        Role.objects.all().delete()
        yield namespace


def a_role(name: str) -> Role:
    return Role.objects.create(name=name)


def names() -> list[str]:
    return sorted(Role.objects.values_list("name", flat=True))


def gather(*these: str) -> None:
    with batches.gathered():
        for name in these:
            a_role(name)


def gather_in_vain(name: str) -> None:
    with batches.gathered():
        a_role(name)
        raise RuntimeError


def in_vain(name: str) -> None:
    with transaction.atomic():
        a_role(name)
        raise RuntimeError


def test_rows_wait_and_go_in_one_trip(acme: Namespace, django_assert_num_queries: Counting) -> None:
    with django_assert_num_queries(1), batches.gathered():
        a_role("author")
        a_role("it's 100 %s; reader")

    assert names() == ["author", "it's 100 %s; reader"]


def test_whatever_reads_sees_what_waited(acme: Namespace) -> None:
    with batches.gathered():
        author = a_role("author")

        assert names() == ["author"]
        assert Role.objects.select_for_update().get(name="author") == author
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM tenancy_role")
            assert cursor.fetchone() == (1,)


def test_what_is_asked_of_the_next_row_is_its_own_answer(
    acme: Namespace, django_assert_num_queries: Counting
) -> None:
    namespace_id = current_namespace_id()

    with batches.gathered(), django_assert_num_queries(2):
        a_role("author")
        twin = insertions.insert_once(Role(name="author", namespace_id=namespace_id))
        a_role("reader")
        other = insertions.insert_once(Role(name="officer", namespace_id=namespace_id))

    assert (twin, other) == (False, True)
    assert names() == ["author", "officer", "reader"]


def test_a_row_that_is_refused_takes_all_with_it(acme: Namespace) -> None:
    a_role("author")

    with pytest.raises(IntegrityError), transaction.atomic():
        gather("reader", "author")

    assert names() == ["author"]


def test_a_refusal_is_raised_from_what_reads_next(acme: Namespace) -> None:
    a_role("author")

    with transaction.atomic(), batches.gathered():
        a_role("author")
        with pytest.raises(IntegrityError):
            names()
        transaction.set_rollback(True)

    assert names() == ["author"]


def test_after_a_failure_nothing_is_sent_any_more(acme: Namespace) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        gather_in_vain("author")

    assert names() == []
    a_role("reader")
    assert names() == ["reader"]


def test_a_failure_that_somebody_catches_rolls_back_all_the_same(acme: Namespace) -> None:
    with transaction.atomic():
        a_role("author")
        with pytest.raises(RuntimeError):
            gather_in_vain("reader")
        with pytest.raises(transaction.TransactionManagementError):
            names()

    assert names() == []


def test_gathering_within_gathering_keeps_one_order(
    acme: Namespace, django_assert_num_queries: Counting
) -> None:
    with django_assert_num_queries(1), batches.gathered():
        a_role("author")
        with batches.gathered():
            a_role("reader")

    assert names() == ["author", "reader"]


def test_a_savepoint_takes_back_only_what_came_after_it(acme: Namespace) -> None:
    with batches.gathered():
        a_role("author")
        with pytest.raises(RuntimeError):
            in_vain("reader")
        a_role("officer")

    assert names() == ["author", "officer"]


def test_what_waits_stays_in_the_namespace_that_it_was_written_in(acme: Namespace) -> None:
    other = tenancy.a_namespace("other")

    with batches.gathered():
        a_role("author")
        with namespace_scope(other.pk):
            a_role("stranger")
        assert names() == ["author"]

    with namespace_scope(other.pk):
        assert "stranger" in names()


def test_the_database_refuses_what_waited_for_another_namespace(acme: Namespace) -> None:
    other = tenancy.a_namespace("other")

    with pytest.raises(ProgrammingError), transaction.atomic(), batches.gathered():
        Role.objects.create(name="author", namespace=other)


def test_a_value_that_cannot_be_sent_is_refused_in_djangos_words(acme: Namespace) -> None:
    with pytest.raises(DataError), transaction.atomic():
        gather("a\0b")

    assert names() == []
