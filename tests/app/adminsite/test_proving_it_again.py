"""Dangerous acts by the admin and by REST want a recent proof, and show the way to it (T55)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import ApiToken, Namespace, RoleBinding, User, UserSession
from tests.factories import tenancy

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(acme: Namespace) -> Client:
    """Ivan's, eleven minutes after he signed in."""
    ivan = tenancy.ivan(acme)
    client = tenancy.signed_in(ivan)
    with namespace_scope(acme.pk):
        then = timezone.now() - timedelta(minutes=11)
        UserSession.objects.filter(user=ivan).update(authenticated_at=then)
    return client


@pytest.fixture
def uma(acme: Namespace) -> User:
    with namespace_scope(acme.pk):
        return tenancy.a_user("uma", roles=["reader"])


def bindings(namespace: Namespace, user: User) -> list[str]:
    with namespace_scope(namespace.pk):
        rows = RoleBinding.objects.filter(user=user).order_by("role__name")
        return list(rows.values_list("role__name", flat=True))


def test_a_token_is_made_only_after_a_recent_proof(browser: Client, acme: Namespace) -> None:
    wanted = {"name": "script", "scopes": ["usage:read"], "days": "30"}
    address = "/admin/tenancy/apitoken/add/"

    refused = browser.post(address, wanted)
    page = refused.content.decode()
    browser.post("/step-up/", {"password": tenancy.PASSWORD})
    made = browser.post(address, wanted)

    assert "Prove who you are" in page
    assert "/step-up/?next=%2Fadmin%2Ftenancy%2Fapitoken%2Fadd%2F" in page
    assert "lwt_" in made.content.decode()
    with namespace_scope(acme.pk):
        assert ApiToken.objects.count() == 1


def test_a_button_leads_to_the_proof_and_back(browser: Client, uma: User) -> None:
    answer = browser.post(f"/admin/tenancy/user/{uma.pk}/do/new-password/")

    back = f"%2Fadmin%2Ftenancy%2Fuser%2F{uma.pk}%2Fchange%2F"
    assert answer["Location"] == f"/step-up/?next={back}"


def test_a_script_is_told_where_a_person_proves_it(
    browser: Client, acme: Namespace, uma: User
) -> None:
    answer = browser.patch(
        f"/api/v1/namespaces/acme/users/{uma.pk}/",
        {"roles": ["author", "reader"]},
        content_type="application/json",
    )

    problem = answer.json()
    assert answer.status_code == 403
    assert problem["code"] == "authentication_too_old"
    assert problem["step_up_url"] == "/step-up/"
    assert bindings(acme, uma) == ["reader"]


def test_deactivating_somebody_never_waits(browser: Client, acme: Namespace, uma: User) -> None:
    """In an emergency the door is shut first."""
    answer = browser.patch(
        f"/api/v1/namespaces/acme/users/{uma.pk}/",
        {"active": False},
        content_type="application/json",
    )

    assert answer.status_code == 200
    with namespace_scope(acme.pk):
        assert not User.objects.get(pk=uma.pk).is_active


@pytest.mark.parametrize("method", ["post", "patch"])
def test_what_a_role_may_do_changes_only_after_a_recent_proof(
    browser: Client, acme: Namespace, method: str
) -> None:
    with namespace_scope(acme.pk):
        reader = tenancy.the_role("reader").pk
    base = "/api/v1/namespaces/acme/roles/"
    address = base if method == "post" else f"{base}{reader}/"

    answer = getattr(browser, method)(
        address, {"name": "auditor", "policies": []}, content_type="application/json"
    )

    assert answer.json()["code"] == "authentication_too_old"


def test_reading_wants_no_proof(browser: Client) -> None:
    assert browser.get("/admin/tenancy/user/").status_code == 200
    assert browser.get("/api/v1/namespaces/acme/users/").status_code == 200
