"""Changing one's password, signing out, choosing where to work: also from within a namespace."""

import pytest
from django.test import Client
from django.utils import timezone

from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope, system_scope
from governance.tenancy.models import Namespace, User, UserSession
from governance.tenancy.services import tokens
from tests.factories.tenancy import (
    PASSWORD,
    a_namespace,
    a_platform_administrator,
    a_user,
    an_actor,
    ivan,
    signed_in,
)

pytestmark = pytest.mark.django_db

NEW = "a new staple for the horse"
FORM = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}


@pytest.fixture
def root() -> User:
    return a_platform_administrator()


def in_namespace(user: User, namespace: Namespace) -> Client:
    browser = signed_in(user)
    browser.post("/admin/namespace/", {"namespace": str(namespace.pk)})
    return browser


def test_a_new_password_ends_every_other_session(acme: Namespace) -> None:
    user = ivan(acme)
    here, elsewhere = signed_in(user), signed_in(user)

    assert here.post("/admin/password_change/", FORM).status_code == 302

    assert here.get("/admin/").status_code == 200
    assert elsewhere.get("/admin/").status_code == 302
    with namespace_scope(acme.pk):
        assert User.objects.get(pk=user.pk).check_password(NEW)
        assert AuditEvent.objects.filter(action="user.password_changed").exists()


def test_after_a_new_password_one_is_told_of_tokens_that_still_work(acme: Namespace) -> None:
    user = ivan(acme)
    browser = signed_in(user)
    with namespace_scope(acme.pk):
        tokens.create(
            name="script", scopes=["usage:read"], actor=an_actor(user), now=timezone.now()
        )

    told = browser.post("/admin/password_change/", FORM, follow=True).content.decode()
    browser.post(f"/admin/tenancy/user/{user.pk}/do/revoke-tokens/")

    assert "API tokens that you made and that still work: 1" in told
    with namespace_scope(acme.pk):
        assert not tokens.live_of(user.pk, now=timezone.now()).exists()


def test_a_wrong_old_password_changes_nothing(acme: Namespace) -> None:
    user = ivan(acme)

    answer = signed_in(user).post("/admin/password_change/", {**FORM, "old_password": "wrong"})

    assert answer.status_code == 200
    with namespace_scope(acme.pk):
        assert User.objects.get(pk=user.pk).check_password(PASSWORD)


def test_a_person_of_single_sign_on_has_no_password_here(acme: Namespace) -> None:
    user = ivan(acme)
    with namespace_scope(acme.pk):
        User.objects.filter(pk=user.pk).update(source="saml", login_name=None)

    assert signed_in(user).get("/admin/password_change/").status_code == 403


def test_a_platform_administrator_changes_it_from_within_a_namespace(
    acme: Namespace, root: User
) -> None:
    answer = in_namespace(root, acme).post("/admin/password_change/", FORM)

    assert answer.status_code == 302
    with system_scope("test"):
        assert User.objects.get(pk=root.pk).check_password(NEW)


def test_signing_out_ends_our_session_also_from_within_a_namespace(
    acme: Namespace, root: User
) -> None:
    in_namespace(root, acme).post("/admin/logout/")

    with system_scope("test"):
        assert UserSession.objects.get(user=root).end_reason == "signed out"


def test_going_from_one_namespace_to_another_is_recorded_there(acme: Namespace, root: User) -> None:
    other = a_namespace("other", account_id="111111111111")

    in_namespace(root, acme).post("/admin/namespace/", {"namespace": str(other.pk)})

    with namespace_scope(other.pk):
        assert AuditEvent.objects.filter(action="namespace.entered").count() == 1


def test_a_namespace_reads_that_it_was_a_platform_administrator(
    acme: Namespace, root: User
) -> None:
    other = a_namespace("other", account_id="111111111111")
    in_namespace(root, acme).post("/admin/namespace/", {"namespace": str(other.pk)})
    with namespace_scope(other.pk):
        browser = signed_in(a_user("ivan", roles=["admin"]))

    page = browser.get("/admin/audit/auditevent/").content.decode()

    assert "person platform administrator" in page
    assert str(root.pk) not in page


def test_a_link_does_not_sign_out(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        browser = signed_in(a_user("olga", roles=["officer"]))

    browser.get("/admin/logout/")

    assert browser.get("/admin/").status_code == 200
