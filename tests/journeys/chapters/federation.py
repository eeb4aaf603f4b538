"""Single sign-on: Ivan connects the company's identity provider, and three people come in."""

import re
from urllib.parse import quote

import requests
from playwright.sync_api import Page, expect

from tests.journeys.stage import NAMESPACE, Stage

PROVIDER = "AzureActiveDirectory"
DEEP_LINK = f"/n/{NAMESPACE}/dashboards/leaving-new-york/"


def ivan_connects_the_identity_provider(stage: Stage) -> None:
    """The addresses to copy are there first; then metadata is read, seen, saved; then enabled."""
    ivan = stage.admin("ivan")
    ivan.start_adding("Identity providers")
    ivan.fill(name=PROVIDER, display_name="the company's account")
    ivan.save_and_stay()
    ivan.person.see("addresses to copy")
    entity_id = f"{stage.origin}/saml/{NAMESPACE}/{PROVIDER}/metadata/"
    acs_url = f"{stage.origin}/saml/{NAMESPACE}/{PROVIDER}/acs/"
    ivan.shows(entity_id)
    ivan.shows(acs_url)
    stage.idp.know_service(entity_id=entity_id, acs_url=acs_url)

    metadata = requests.get(stage.idp.metadata_url, timeout=10).text
    ivan.press("Import metadata")
    ivan.fill(metadata_XML=metadata)
    ivan.press_primary()
    ivan.shows(stage.idp.entity_id)
    ivan.person.see("what the metadata holds")
    ivan.tick("Save it")
    ivan.press_primary()
    ivan.shows("was saved")

    ivan.tick("Enabled", "Allow IdP-initiated sign-in")
    ivan.save_and_stay()
    ivan.person.see("an identity provider")


def ivan_gives_roles_by_group(stage: Stage) -> None:
    ivan = stage.admin("ivan")
    for group, role in (
        ("QuickSight-Admin", "admin"),
        ("QuickSight-Author", "author"),
        ("QuickSight-Reader", "reader"),
    ):
        ivan.start_adding("Claim rules")
        ivan.fill(identity_provider=PROVIDER, claim="Role", groups=group, role=role)
        ivan.save()
    ivan.start_adding("Claim rules")
    ivan.fill(
        identity_provider=PROVIDER,
        claim="RoleSessionName",
        source="Transformation",
        first_parameters="user.userprincipalname",
    )
    ivan.choose("First function", starting="ExtractMailPrefix")
    ivan.person.see("a claim rule")
    ivan.save()
    ivan.person.see("claim rules")


def ann_follows_a_deep_link(stage: Stage) -> None:
    """SP-initiated: not signed in, she is sent round by the provider and lands where she meant."""
    ann = stage.person("ann")
    ann.page.goto(f"{stage.origin}{DEEP_LINK}")
    ann.see("sign in")
    ann.page.get_by_role("link", name=re.compile("the company's account")).click()
    answer_simplesamlphp(ann.page, "ann")
    expect(ann.page).to_have_url(f"{stage.origin}{DEEP_LINK}")
    expect(ann.page.get_by_text("336")).to_be_visible(timeout=30_000)
    ann.see("dashboard")
    expect(ann.page.get_by_role("banner")).to_contain_text("author")
    me = ann.page.request.get(f"{stage.origin}/api/v1/me/").json()
    assert me["username"] == "author/ann"


def bob_starts_at_the_provider(stage: Stage) -> None:
    """IdP-initiated, with a deep link as RelayState. A reader has no SQL page."""
    bob = stage.person("bob")
    entity_id = f"{stage.origin}/saml/{NAMESPACE}/{PROVIDER}/metadata/"
    bob.page.goto(
        f"{stage.idp.sso_url}?spentityid={quote(entity_id, safe='')}"
        f"&RelayState={quote(f'{stage.origin}{DEEP_LINK}', safe='')}"
    )
    answer_simplesamlphp(bob.page, "bob")
    expect(bob.page).to_have_url(f"{stage.origin}{DEEP_LINK}")
    expect(bob.page.get_by_role("link", name="SQL")).to_have_count(0)
    bob.page.goto(f"{stage.portal}/sql/")
    bob.see("refused by policy")
    expect(bob.page.locator("textarea")).to_have_count(0)


def joe_opens_the_admin_by_his_group(stage: Stage) -> None:
    joe = stage.person("joe")
    joe.page.goto(f"{stage.origin}/saml/{NAMESPACE}/{PROVIDER}/login/?next=/admin/")
    answer_simplesamlphp(joe.page, "joe")
    expect(joe.page).to_have_url(f"{stage.origin}/admin/")
    expect(joe.page).to_have_title(re.compile("Overview"))


def joe_is_moved_from_admin_to_author_to_reader(stage: Stage) -> None:
    """A role follows the group at each sign-in, each time in a browser that knows nothing yet.

    Whoever lost a role is signed out where they still had it.
    """
    before = None
    for group, role, pages in (
        ("QuickSight-Admin", "admin", {"/admin/": 200, f"/n/{NAMESPACE}/sql/": 200}),
        ("QuickSight-Author", "author", {"/admin/": 403, f"/n/{NAMESPACE}/sql/": 200}),
        ("QuickSight-Reader", "reader", {"/admin/": 403, f"/n/{NAMESPACE}/sql/": 403}),
    ):
        stage.idp.set_groups("joe", [group])
        joe = stage.person(f"joe-as-{role}")
        joe.page.goto(f"{stage.origin}/saml/{NAMESPACE}/{PROVIDER}/login/?next=/n/{NAMESPACE}/")
        answer_simplesamlphp(joe.page, "joe")
        expect(joe.page.get_by_role("banner")).to_contain_text(role)
        joe.see("a role by group")
        me = joe.page.request.get(f"{stage.origin}/api/v1/me/").json()
        assert me["username"] == f"{role}/joe"
        opened = {path: joe.page.request.get(f"{stage.origin}{path}").status for path in pages}
        assert opened == pages
        if before is not None:
            assert before.page.request.get(f"{stage.origin}/api/v1/me/").status in {401, 403}
        before = joe


def nil_is_in_no_group_and_gets_nothing(stage: Stage) -> None:
    nil = stage.person("nil")
    nil.page.goto(f"{stage.origin}/saml/{NAMESPACE}/{PROVIDER}/login/")
    answer_simplesamlphp(nil.page, "nil")
    expect(nil.page.locator("body")).to_contain_text("No rule gives this person a role")
    nil.see("no role no sign in")
    assert nil.page.request.get(f"{stage.origin}/api/v1/me/").status in {401, 403}


def answer_simplesamlphp(page: Page, name: str) -> None:
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(f"{name}pass")
    page.locator("button[type=submit], input[type=submit]").first.click()
    page.wait_for_load_state()
