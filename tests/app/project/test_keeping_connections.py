"""A database connection in use is believed for a moment, never one that the server has ended."""

from collections.abc import Iterator

import pytest
from django.db import connection

from governance.project.database import base
from governance.project.database.base import DatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def another() -> Iterator[DatabaseWrapper]:
    wrapper = connection.copy()
    assert isinstance(wrapper, DatabaseWrapper)
    wrapper.ensure_connection()
    yield wrapper
    wrapper.close()


def asked_of(wrapper: DatabaseWrapper, sql: str) -> object:
    """What another connection learns by this one's process id."""
    with connection.cursor() as cursor:
        cursor.execute(sql, [wrapper.connection.info.backend_pid])
        return cursor.fetchone()[0]


def last_query_at(wrapper: DatabaseWrapper) -> object:
    return asked_of(wrapper, "SELECT query_start FROM pg_stat_activity WHERE pid = %s")


def test_it_is_asked_once_and_then_believed_for_a_moment(another: DatabaseWrapper) -> None:
    before = last_query_at(another)
    assert another.is_usable()
    first = last_query_at(another)

    assert another.is_usable()

    assert before != first
    assert last_query_at(another) == first


def test_it_is_asked_again_when_the_moment_is_over(
    another: DatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert another.is_usable()
    first = last_query_at(another)
    monkeypatch.setattr(base, "BELIEVED_SECONDS", 0.0)

    assert another.is_usable()

    assert last_query_at(another) != first


def test_one_that_the_server_ended_is_not_believed(another: DatabaseWrapper) -> None:
    assert another.is_usable()

    assert asked_of(another, "SELECT pg_terminate_backend(%s, 5000)") is True

    assert not another.is_usable()


def test_one_that_we_closed_is_not_believed(another: DatabaseWrapper) -> None:
    assert another.is_usable()

    another.connection.close()

    assert not another.is_usable()
