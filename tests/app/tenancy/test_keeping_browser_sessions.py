"""Browser sessions: a row once there is something to keep, under a key that nobody had before."""

import pytest
from django.contrib.sessions.backends.base import CreateError
from django.contrib.sessions.models import Session
from pytest_django import DjangoAssertNumQueries

from governance.tenancy.browser_sessions import SessionStore

pytestmark = pytest.mark.django_db


def test_a_new_session_is_written_once_it_is_saved() -> None:
    session = SessionStore()
    session.cycle_key()
    session["who"] = "uma"
    assert not Session.objects.exists()

    session.save()

    assert Session.objects.count() == 1
    assert SessionStore(session.session_key)["who"] == "uma"


def test_a_session_without_a_key_gets_one_when_it_is_saved() -> None:
    session = SessionStore()
    session["who"] = "uma"

    session.save()

    assert session.session_key is not None
    assert SessionStore(session.session_key)["who"] == "uma"


def test_saving_again_changes_the_same_row() -> None:
    session = SessionStore()
    session["who"] = "uma"
    session.save()
    session["who"] = "olga"

    session.save()

    assert Session.objects.count() == 1
    assert SessionStore(session.session_key)["who"] == "olga"


def test_saving_again_what_was_saved_writes_nothing(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    session = SessionStore()
    session["who"] = ["uma"]
    session.save()

    with django_assert_num_queries(0):
        session.save()

    session["who"].append("olga")
    session.save()
    assert SessionStore(session.session_key)["who"] == ["uma", "olga"]


def test_a_new_key_takes_what_was_kept_and_ends_the_old_one() -> None:
    session = SessionStore()
    session["who"] = "uma"
    session.save()
    before = session.session_key

    session.cycle_key()
    session.save()

    assert session.session_key != before
    assert [row.session_key for row in Session.objects.all()] == [session.session_key]
    assert SessionStore(session.session_key)["who"] == "uma"


def test_a_key_that_is_taken_after_all_is_refused() -> None:
    first, second = SessionStore(), SessionStore()
    first["who"] = "uma"
    first.save()
    second.create()
    second._session_key = first.session_key
    second["who"] = "eve"

    with pytest.raises(CreateError):
        second.save()

    assert SessionStore(first.session_key)["who"] == "uma"
