"""Dangerous acts ask for a recent proof; a person gives it, and comes back (threats T47, T55)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client, RequestFactory
from django.utils import timezone

from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.actors import Actor, ActorKind
from governance.portal.views.access import page_before
from governance.tenancy.models import Namespace, User, UserSession
from governance.tenancy.services import actors, step_up
from tests.factories import tenancy

pytestmark = pytest.mark.django_db


@pytest.fixture
def ivan(acme: Namespace) -> User:
    return tenancy.ivan(acme)


def aged(user: User, *, minutes: int) -> Client:
    """A browser whose person signed in that long ago."""
    browser = tenancy.signed_in(user)
    scope = (
        system_scope("test") if user.namespace_id is None else namespace_scope(user.namespace_id)
    )
    with scope:
        then = timezone.now() - timedelta(minutes=minutes)
        UserSession.objects.filter(user=user).update(authenticated_at=then)
    return browser


def proved_at(user: User) -> timedelta:
    """How long ago the person proved who they are."""
    with namespace_scope(user.namespace_id or uuid4()):
        return timezone.now() - tenancy.the_session(user).authenticated_at


def test_a_proof_of_eleven_minutes_is_too_old(ivan: User, acme: Namespace) -> None:
    now = timezone.now()
    with namespace_scope(acme.pk):
        old = actors.for_user(user=ivan, role=None, authenticated_at=now - timedelta(minutes=11))
        young = actors.for_user(user=ivan, role=None, authenticated_at=now - timedelta(minutes=9))

    step_up.require_recent(actor=young, now=now)
    with pytest.raises(step_up.AuthenticationTooOld) as refused:
        step_up.require_recent(actor=old, now=now)

    assert "10 minutes" in str(refused.value)
    assert "/step-up/" in str(refused.value)


def test_who_never_proved_it_is_refused(ivan: User, acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        nobody_asked = actors.for_user(user=ivan, role=None)

    with pytest.raises(step_up.AuthenticationTooOld):
        step_up.require_recent(actor=nobody_asked, now=timezone.now())


def test_scripts_are_bounded_by_their_scopes_instead(acme: Namespace) -> None:
    script = Actor(kind=ActorKind.TOKEN, namespace_id=acme.pk)

    step_up.require_recent(actor=script, now=timezone.now())
    step_up.require_recent(actor=actors.system(acme.pk), now=timezone.now())


def test_a_local_person_gives_the_password_and_comes_back_with_a_new_session_key(
    ivan: User,
) -> None:
    browser = aged(ivan, minutes=11)
    key = browser.cookies[settings.SESSION_COOKIE_NAME].value

    asked = browser.get("/step-up/?next=/admin/")
    done = browser.post("/step-up/", {"password": tenancy.PASSWORD, "next": "/admin/"})

    assert "Password" in asked.content.decode()
    assert done.status_code == 302
    assert done["Location"] == "/admin/"
    assert proved_at(ivan) < timedelta(minutes=1)
    assert browser.cookies[settings.SESSION_COOKIE_NAME].value != key
    stolen = Client()
    stolen.cookies[settings.SESSION_COOKIE_NAME] = key
    assert stolen.get("/")["Location"].startswith("/login/")


def test_a_wrong_password_proves_nothing(ivan: User) -> None:
    browser = aged(ivan, minutes=11)

    answer = browser.post("/step-up/", {"password": "guess", "next": "/admin/"})

    assert answer.status_code == 403
    assert "not the password" in answer.content.decode()
    assert proved_at(ivan) > timedelta(minutes=10)


def test_guesses_lock_as_at_the_sign_in(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        ivan = tenancy.a_user("guessed-twice", roles=["admin"])
    browser = aged(ivan, minutes=11)
    for _ in range(settings.AXES_FAILURE_LIMIT):
        browser.post("/step-up/", {"password": "guess"})

    answer = browser.post("/step-up/", {"password": tenancy.PASSWORD})

    assert answer.status_code == 429
    assert proved_at(ivan) > timedelta(minutes=10)


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "/\\evil.example/", "javascript:alert(1)", ""],
)
def test_nobody_is_led_elsewhere(ivan: User, elsewhere: str) -> None:
    browser = aged(ivan, minutes=11)

    done = browser.post("/step-up/", {"password": tenancy.PASSWORD, "next": elsewhere})

    assert done["Location"] == "/"


def test_strangers_are_sent_to_sign_in() -> None:
    assert Client().get("/step-up/")["Location"].startswith("/login/")


def test_a_platform_administrator_proves_it_the_same_way() -> None:
    root = tenancy.a_platform_administrator()
    browser = aged(root, minutes=11)

    done = browser.post("/step-up/", {"password": tenancy.PASSWORD, "next": "/admin/"})

    assert done["Location"] == "/admin/"
    with system_scope("test"):
        assert timezone.now() - tenancy.the_session(root).authenticated_at < timedelta(minutes=1)


@pytest.mark.parametrize(
    "referer", ["http://[", "http://[::1", "//", "http://evil.example/x", "http://testserver//evil"]
)
def test_a_strange_referer_leads_home(referer: str) -> None:
    request = RequestFactory().post("/anywhere/", headers={"referer": referer})

    assert page_before(request) == "/"
