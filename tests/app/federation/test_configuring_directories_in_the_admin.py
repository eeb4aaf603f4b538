"""What Ivan does with directories in the web admin, tested at a real OpenLDAP."""

import pytest
from django.test import Client
from django.utils import timezone

from federation.models import Directory, DirectoryMapping
from federation.services import directories
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors
from tests.factories.directories import BODY, a_directory, a_directory_on, a_mapping, the_directory
from tests.factories.tenancy import a_namespace, a_user, ivan, signed_in, the_role
from tests.servers.slapd import Slapd

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(acme: Namespace) -> Client:
    return signed_in(ivan(acme))


def form_of(**changes: object) -> dict[str, object]:
    lists = ("urls", "user_dn_patterns", "allowed_groups", "allowed_users")
    body = {k: "\n".join(v) if k in lists else v for k, v in BODY.items()} | changes
    return {k: ("on" if v is True else v) for k, v in body.items() if v is not False}


def test_ivan_makes_a_directory_in_the_admin(acme: Namespace, browser: Client) -> None:
    answer = browser.post("/admin/federation/directory/add/", form_of())

    assert answer.status_code == 302, answer.content.decode()[:3000]
    row = the_directory(acme)
    assert row.urls == BODY["urls"]
    with namespace_scope(acme.pk):
        opened = directories.settings_of(row).bind_password
    assert opened is not None
    assert opened.reveal() == "readerpw"


def test_the_admin_says_what_is_wrong_at_its_field(browser: Client) -> None:
    answer = browser.post(
        "/admin/federation/directory/add/", form_of(urls="http://x", bind_password="s3cret")
    )

    assert answer.status_code == 200
    assert "ldaps://host" in answer.content.decode()
    assert "s3cret" not in answer.content.decode()


def test_an_empty_password_in_the_admin_keeps_the_stored_one(
    acme: Namespace, browser: Client
) -> None:
    browser.post("/admin/federation/directory/add/", form_of())
    row = the_directory(acme)

    page = browser.get(f"/admin/federation/directory/{row.pk}/change/").content.decode()
    answer = browser.post(
        f"/admin/federation/directory/{row.pk}/change/",
        form_of(bind_password="", timeout_seconds=7),
    )

    assert answer.status_code == 302
    assert "readerpw" not in page
    with namespace_scope(acme.pk):
        changed = Directory.objects.get()
        opened = directories.settings_of(changed).bind_password
    assert opened is not None
    assert (opened.reveal(), changed.timeout_seconds) == ("readerpw", 7)


def test_the_button_shows_the_stages(acme: Namespace, browser: Client, slapd: Slapd) -> None:
    with namespace_scope(acme.pk):
        directory = a_directory_on(slapd)
        a_mapping(directory, "analysts", role="author")

    answer = browser.post(
        f"/admin/federation/directory/{directory.pk}/do/test/",
        {"username": "uma", "password": "uma-pw"},
    )

    page = answer.content.decode()
    assert "Let in" in page
    assert "Map to roles" in page
    assert "Roles: author." in page
    assert "uma-pw" not in page


def test_ivan_maps_a_group_in_the_admin(acme: Namespace, browser: Client) -> None:
    with namespace_scope(acme.pk):
        directory = a_directory()
        role = the_role("author")

    answer = browser.post(
        "/admin/federation/directorymapping/add/",
        {
            "directory": str(directory.pk),
            "position": "1",
            "kind": "group",
            "identifiers": "analysts\n finance ",
            "role": str(role.pk),
        },
    )

    assert answer.status_code == 302, answer.content.decode()[:3000]
    with namespace_scope(acme.pk):
        assert DirectoryMapping.objects.get().identifiers == ["analysts", "finance"]


@pytest.mark.parametrize("model", ["directory", "directorymapping"])
def test_the_pages_open_for_ivan_and_not_for_a_reader(
    acme: Namespace, browser: Client, model: str
) -> None:
    with namespace_scope(acme.pk):
        directory = a_directory()
        a_mapping(directory, "analysts")
        reader = signed_in(a_user(roles=["reader"]))

    assert browser.get(f"/admin/federation/{model}/").status_code == 200
    assert reader.get(f"/admin/federation/{model}/").status_code in {302, 403}


def test_eve_cannot_press_the_button_of_acme(acme: Namespace, slapd: Slapd) -> None:
    with namespace_scope(acme.pk):
        directory = a_directory_on(slapd)
    eve = signed_in(ivan(a_namespace("rival", account_id="999988887777")))

    answer = eve.post(
        f"/admin/federation/directory/{directory.pk}/do/test/",
        {"username": "uma", "password": "uma-pw"},
    )

    assert answer.status_code == 404


def test_removing_a_directory_removes_its_mappings(acme: Namespace, browser: Client) -> None:
    with namespace_scope(acme.pk):
        directory = a_directory()
        a_mapping(directory, "analysts")
        directories.remove(directory=directory, actor=actors.system(), now=timezone.now())

        assert not DirectoryMapping.objects.exists()
