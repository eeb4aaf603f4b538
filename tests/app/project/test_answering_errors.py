"""Our own error pages: a sentence for people, a problem document for machines, no innards."""

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.test import Client, RequestFactory, override_settings
from django.urls import path

from governance.isolation.scopes import namespace_scope
from governance.project import errors, urls as project_urls
from tests.factories import tenancy

pytestmark = pytest.mark.django_db

SECRET = "hunter2-in-a-traceback"


def fail(_request: HttpRequest) -> HttpResponse:
    raise RuntimeError(SECRET)


urlpatterns = [
    path("fails/", fail),
    path("api/v1/fails/", fail),
    *project_urls.urlpatterns,
]
handler400 = project_urls.handler400
handler403 = project_urls.handler403
handler404 = project_urls.handler404
handler500 = project_urls.handler500


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False, enforce_csrf_checks=True)


@override_settings(ROOT_URLCONF=__name__)
def test_a_failure_says_nothing_of_what_failed(browser: Client) -> None:
    page = browser.get("/fails/")

    assert page.status_code == 500
    assert "Something failed on our side" in page.content.decode()
    assert SECRET not in page.content.decode()
    assert "RuntimeError" not in page.content.decode()


@override_settings(ROOT_URLCONF=__name__)
def test_a_machine_is_told_of_a_failure_in_a_problem_document(browser: Client) -> None:
    answer = browser.get("/api/v1/fails/")

    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert SECRET not in answer.content.decode()


def test_an_address_that_leads_nowhere_is_a_page_of_ours(browser: Client) -> None:
    page = browser.get("/nowhere/at/all/")

    assert page.status_code == 404
    assert "There is nothing here" in page.content.decode()
    assert "urlpatterns" not in page.content.decode()


def test_an_address_that_leads_nowhere_in_the_api_is_a_problem(browser: Client) -> None:
    answer = browser.get("/api/v1/nowhere/")

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"


def test_a_form_without_its_token_is_refused_with_a_page(browser: Client) -> None:
    page = browser.post("/admin/login/", {"username": "ivan", "password": "x"})

    assert page.status_code == 403
    assert "out of date" in page.content.decode()


def test_a_page_that_is_not_there_keeps_the_menu_of_who_is_signed_in(browser: Client) -> None:
    namespace = tenancy.a_namespace("acme")
    with namespace_scope(namespace.pk):
        uma = tenancy.a_user(roles=["author"])
    signed_in = tenancy.signed_in(uma, role="author")

    theirs = signed_in.get("/nowhere/").content.decode()
    strangers = browser.get("/nowhere/").content.decode()

    assert "/n/acme/sql/" in theirs
    assert "Sign out" in theirs
    assert "Sign out" not in strangers
    assert "portal/mark" in strangers


def test_another_host_is_refused(browser: Client) -> None:
    page = browser.get("/login/", headers={"Host": "evil.example"})

    assert page.status_code == 400
    assert "evil.example" not in page.content.decode()


@pytest.mark.parametrize("address", ["/login/", "/nowhere/", "/healthz"])
def test_every_page_but_the_admins_has_the_strict_policy(browser: Client, address: str) -> None:
    policy = browser.get(address)["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_the_admin_alone_may_evaluate_and_style(browser: Client) -> None:
    policy = browser.get("/admin/")["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval'" in policy
    assert "default-src 'self'" in policy


def test_browsers_are_told_to_be_careful(browser: Client) -> None:
    page = browser.get("/login/")

    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["X-Frame-Options"] == "DENY"
    assert page["Referrer-Policy"] == "same-origin"


def test_a_tab_that_is_restored_at_a_forms_address_finds_a_way_out(browser: Client) -> None:
    form_page = "/n/acme/erasures/01a2098f-acef-7cd6-ad45-395e2c02411c/"

    page = browser.get(f"{form_page}approve/")

    assert page.status_code == 405
    assert page["Allow"] == "POST"
    assert "nothing was done" in page.content.decode()
    assert f'href="{form_page}"' in page.content.decode()


def test_a_machine_that_asks_with_the_wrong_method_gets_no_page(rf: RequestFactory) -> None:
    plain = HttpResponseNotAllowed(["POST"])

    assert errors.not_a_page(rf.get("/api/v1/me/"), plain) is plain
    assert errors.not_a_page(rf.get("/saml/acme/azure/acs/"), plain) is not plain


def test_a_page_of_an_error_names_its_status_and_leads_on(browser: Client) -> None:
    page = browser.get("/nowhere/at/all/").content.decode()

    assert "404" in page
    assert 'href="/"' in page
