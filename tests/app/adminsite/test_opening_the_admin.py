"""Who gets into the web admin, and what each page shows them."""

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from tests.factories.tenancy import (
    PASSWORD,
    a_platform_administrator,
    a_user,
    ivan,
    signed_in,
)

pytestmark = pytest.mark.django_db


def test_a_stranger_is_sent_to_sign_in() -> None:
    answer = Client().get("/admin/")

    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


def test_an_administrator_signs_in_with_a_login_name(acme: Namespace) -> None:
    user = ivan(acme)
    browser = Client()

    answer = browser.post("/admin/login/", {"username": user.login_name, "password": PASSWORD})

    assert answer.status_code == 302
    assert browser.get("/admin/").status_code == 200


def test_the_admin_wears_the_portals_mark_and_writes_dates_as_the_portal_does(
    acme: Namespace,
) -> None:
    browser = signed_in(ivan(acme), role="admin")

    first = browser.get("/admin/").content.decode()
    sessions = browser.get("/admin/tenancy/usersession/").content.decode()

    assert re.search(r'<img src="/static/portal/mark[^"]*"', first)
    assert re.search(r"\b\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d UTC", sessions)


def test_a_wrong_password_is_refused_in_one_sentence(acme: Namespace) -> None:
    user = ivan(acme)

    answer = Client().post("/admin/login/", {"username": user.login_name, "password": "wrong"})

    assert answer.status_code == 403
    assert "do not fit" in answer.content.decode()


def test_guessing_is_locked_after_ten_attempts(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        user = a_user("guessed-at", roles=["admin"])
    browser = Client()
    for _ in range(10):
        browser.post("/admin/login/", {"username": user.login_name, "password": "wrong"})

    answer = browser.post("/admin/login/", {"username": user.login_name, "password": PASSWORD})

    assert answer.status_code == 429
    assert browser.get("/admin/").status_code == 302


def locked(acme: Namespace, name: str) -> Client:
    """A browser that tried ten wrong passwords for that name."""
    with namespace_scope(acme.pk):
        a_user(name, roles=["admin"])
    browser = Client()
    for _ in range(10):
        browser.post("/admin/login/", {"username": name, "password": "wrong"})
    return browser


def test_who_is_locked_out_is_told_when_to_try_again(acme: Namespace) -> None:
    browser = locked(acme, "told-when")

    answer = browser.post("/admin/login/", {"username": "told-when", "password": PASSWORD})

    page = answer.content.decode()
    assert "Locked for a while" in page
    assert "Try again in 15 minutes" in page
    assert 'class="mark"' in page or "portal/mark" in page
    assert 890 <= int(answer["Retry-After"]) <= 900


def test_a_script_that_is_locked_out_gets_a_problem(acme: Namespace) -> None:
    browser = locked(acme, "told-by-json")

    answer = browser.post(
        "/admin/login/",
        {"username": "told-by-json", "password": PASSWORD},
        headers={"accept": "application/json"},
    )

    assert answer["Content-Type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (429, "password_locked")
    assert int(answer["Retry-After"]) > 0


def test_tries_while_it_is_locked_do_not_make_it_longer(
    acme: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = locked(acme, "patient")
    later = timezone.now() + timedelta(minutes=10)
    monkeypatch.setattr(timezone, "now", lambda: later)
    wrong = {"username": "patient", "password": "wrong"}

    told = [browser.post("/admin/login/", wrong).content.decode() for _ in range(3)]

    assert all("Try again in 5 minutes" in page for page in told)


def test_other_names_go_on(acme: Namespace) -> None:
    browser = locked(acme, "locked-alone")
    with namespace_scope(acme.pk):
        a_user("free", roles=["admin"])

    answer = browser.post("/admin/login/", {"username": "free", "password": PASSWORD})

    assert answer.status_code == 302


def test_a_reader_is_told_that_their_role_does_not_open_it(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        uma = a_user("uma", roles=["reader"])

    browser = signed_in(uma)
    answer = browser.get("/admin/", follow=True)

    assert answer.status_code == 403
    assert "lakewarden:OpenAdmin" in answer.content.decode()


def test_after_signing_in_a_link_leads_into_this_site_alone(acme: Namespace) -> None:
    user = ivan(acme)
    form = {"username": user.login_name, "password": PASSWORD}

    for evil in (
        "https://evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "/\\evil.example",
    ):
        answer = Client().post("/admin/login/", {**form, "next": evil})
        assert answer["Location"] == "/admin/"


def every_page() -> list[str]:
    return sorted(model._meta.label_lower for model in admin.site._registry)


def changelist(label: str) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_changelist")


@pytest.mark.parametrize("label", every_page())
def test_every_page_loads_for_an_it_admin(acme: Namespace, label: str) -> None:
    answer = signed_in(ivan(acme)).get(changelist(label))

    assert answer.status_code == 200


@pytest.mark.parametrize("label", every_page())
def test_every_page_loads_for_a_platform_administrator(acme: Namespace, label: str) -> None:
    answer = signed_in(a_platform_administrator()).get(changelist(label))

    assert answer.status_code == 200


@pytest.mark.parametrize("label", every_page())
def test_every_page_is_refused_for_a_reader(acme: Namespace, label: str) -> None:
    with namespace_scope(acme.pk):
        uma = a_user("uma", roles=["reader"])

    answer = signed_in(uma).get(changelist(label))

    assert answer.status_code == 302


def test_the_sidebar_shows_an_officer_what_they_may_open(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        olga = a_user("olga", roles=["officer"])

    page = signed_in(olga).get("/admin/").content.decode()

    assert "Audit trail" in page
    assert "API tokens" not in page


def test_the_sign_in_page_has_the_strict_content_policy() -> None:
    policy = Client().get("/admin/login/")["Content-Security-Policy"]

    assert "unsafe" not in policy


def test_the_admin_loosens_what_its_theme_needs_and_no_more(acme: Namespace) -> None:
    policy = signed_in(ivan(acme)).get("/admin/")["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "https:" not in policy
