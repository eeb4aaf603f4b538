"""One name for one thing, a way back from everywhere, and nothing that only a mouse reaches."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from governance.adminsite import navigation
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, Policy
from tests.factories.tenancy import a_user, ivan, signed_in, the_role

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(acme: Namespace) -> Client:
    return signed_in(ivan(acme))


def text(answer: Any) -> str:
    return " ".join(unescape(answer.content.decode()).split())


LISTS = [
    pytest.param(group, page, id=page.model) for group, pages in navigation.GROUPS for page in pages
]


@pytest.mark.parametrize(("group", "page"), LISTS)
def test_a_list_is_called_what_the_sidebar_calls_it(
    browser: Client, group: str, page: navigation.Page
) -> None:
    address = navigation.changelist(page.model)
    assert address is not None

    answer = browser.get(address, follow=True)

    shown = text(answer)
    [heading] = re.findall(r"<h1.*?</h1>", shown)
    words = [word.strip() for word in re.split(r"<[^>]+>", heading) if word.strip()]
    assert words[0] == group
    assert page.title in words
    [title] = re.findall(r"<title>(.*?)</title>", shown)
    assert page.title in title or answer.redirect_chain


@pytest.mark.parametrize(("group", "page"), LISTS)
def test_a_list_can_be_used_without_a_mouse_or_a_picture(
    browser: Client, group: str, page: navigation.Page
) -> None:
    shown = text(browser.get(navigation.changelist(page.model) or "", follow=True))

    assert group in shown
    assert shown.count("<main") == 1
    assert 'href="#content">Skip to the content' in shown
    for field in re.findall(r'<input type="text"[^>]*id="searchbar"[^>]*>', shown):
        assert "aria-label=" in field
    assert not re.findall(
        r"<(?:span|div|a)(?![^>]*href)[^>]* x-on:click=", shown.split("</nav>")[0]
    )


def test_the_pages_of_an_app_are_the_overview(browser: Client) -> None:
    answer = browser.get("/admin/tenancy/")

    assert answer.status_code == 302
    assert answer["Location"] == "/admin/"


def test_a_blocked_deletion_names_what_holds_the_row_and_leads_there(
    acme: Namespace, browser: Client
) -> None:
    with namespace_scope(acme.pk):
        uma = a_user("uma", roles=["author"])
        role = the_role("author")

    shown = text(browser.get(f"/admin/tenancy/role/{role.pk}/delete/"))

    assert "author is still needed" in shown
    assert f'href="/admin/tenancy/user/{uma.pk}/change/"' in shown
    assert f'href="/admin/tenancy/role/{role.pk}/change/"' in shown
    assert "Yes, delete it" not in shown


def test_what_is_attached_is_let_go_on_the_page_that_it_is_edited_on(
    acme: Namespace, browser: Client
) -> None:
    with namespace_scope(acme.pk):
        policy = Policy.objects.filter(attachments__isnull=False).first()
        assert policy is not None
        holder = policy.attachments.first()
        assert holder is not None

    shown = text(browser.get(f"/admin/tenancy/policy/{policy.pk}/delete/"))

    section = shown[shown.index("is still needed") : shown.index("Let it go there first")]
    assert f"/admin/tenancy/role/{holder.role_id}/change/" in section
    assert "/admin/tenancy/namespace/" not in section


def test_what_can_be_deleted_says_what_goes_and_offers_a_way_back(
    acme: Namespace, browser: Client
) -> None:
    with namespace_scope(acme.pk):
        role = the_role("reader")

    shown = text(browser.get(f"/admin/tenancy/role/{role.pk}/delete/"))

    assert "Delete role reader?" in shown
    assert "Yes, delete it" in shown
    assert "Back to reader" in shown


def test_both_inputs_of_a_moment_have_names(browser: Client) -> None:
    shown = text(browser.get("/admin/purge/erasurerequest/add/"))

    assert 'aria-label="Due: date"' in shown
    assert 'aria-label="Due: time in UTC"' in shown
