"""A response counts once, in the browser that asked, and lands on this site only."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connections
from django.utils import timezone

from federation.domain.landing import landing_path
from federation.models import ConsumedAssertion, IdentityProvider, SignInRequest
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, UserSession
from tests.factories.federation_saml import an_identity_provider, the_walk_through
from tests.factories.saml_sign_ins import SAMLBrowser
from tests.factories.tenancy import a_namespace
from tests.fakes.idp import a_response


def _acme(*, allow_idp_initiated: bool = False) -> Namespace:
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        the_walk_through(an_identity_provider(allow_idp_initiated=allow_idp_initiated))
    return acme


def _sessions(acme: Namespace) -> int:
    with namespace_scope(acme.pk):
        return UserSession.objects.count()


@pytest.mark.django_db
def test_a_response_that_nobody_asked_for_is_refused_by_default() -> None:
    acme = _acme()
    browser = SAMLBrowser(acme)

    answer = browser.post(browser.response())

    assert answer.status_code == 403
    assert answer.json()["code"] == "saml_unsolicited_response"
    assert _sessions(acme) == 0


@pytest.mark.django_db
def test_a_response_that_nobody_asked_for_is_accepted_where_it_is_allowed() -> None:
    acme = _acme(allow_idp_initiated=True)
    browser = SAMLBrowser(acme)

    answer = browser.post(browser.response(), relay_state="/n/acme/dashboards/sales/")

    assert answer.status_code == 302
    assert answer["Location"] == "/n/acme/dashboards/sales/"


@pytest.mark.django_db
@pytest.mark.parametrize("allow_idp_initiated", [False, True])
def test_a_request_that_was_never_sent_is_not_answered(*, allow_idp_initiated: bool) -> None:
    browser = SAMLBrowser(_acme(allow_idp_initiated=allow_idp_initiated))

    answer = browser.post(browser.response(request_id="_invented"))

    assert answer.json()["code"] == "saml_request_unknown"


@pytest.mark.django_db
def test_the_answer_of_another_browsers_request_is_refused() -> None:
    acme = _acme()
    mallory, victim = SAMLBrowser(acme), SAMLBrowser(acme)
    request_id = mallory.begun()

    without_cookie = victim.post(victim.response(request_id=request_id))
    victim.begun()
    with_another = victim.post(victim.response(request_id=request_id))

    assert without_cookie.json()["code"] == "saml_other_browser"
    assert with_another.json()["code"] == "saml_other_browser"
    assert _sessions(acme) == 0


@pytest.mark.django_db
def test_two_tabs_of_one_browser_both_sign_in() -> None:
    acme = _acme()
    browser = SAMLBrowser(acme)
    first, second = browser.begun(target="/n/acme/a/"), browser.begun(target="/n/acme/b/")

    answers = [
        browser.post(browser.response(request_id=request_id)) for request_id in (second, first)
    ]

    assert [answer["Location"] for answer in answers] == ["/n/acme/b/", "/n/acme/a/"]


@pytest.mark.django_db
def test_a_request_is_answered_once() -> None:
    browser = SAMLBrowser(_acme())
    request_id = browser.begun()
    browser.post(browser.response(request_id=request_id))

    answer = browser.post(browser.response(request_id=request_id, assertion_id="_second"))

    assert answer.json()["code"] == "saml_request_unknown"


@pytest.mark.django_db
def test_a_request_is_not_answered_after_a_quarter_of_an_hour() -> None:
    acme = _acme()
    browser = SAMLBrowser(acme)
    request_id = browser.begun()
    with namespace_scope(acme.pk):
        SignInRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    answer = browser.post(browser.response(request_id=request_id))

    assert answer.json()["code"] == "saml_request_unknown"


@pytest.mark.django_db
def test_the_request_of_one_provider_is_not_answered_by_another() -> None:
    acme = _acme()
    with namespace_scope(acme.pk):
        the_walk_through(an_identity_provider("Second"))
    first, second = SAMLBrowser(acme), SAMLBrowser(acme, provider="Second")
    second.client = first.client

    answer = second.post(second.response(request_id=first.begun()))

    assert answer.json()["code"] == "saml_request_unknown"


@pytest.mark.django_db
def test_an_assertion_counts_once_even_if_the_message_around_it_is_new() -> None:
    acme = _acme(allow_idp_initiated=True)
    browser = SAMLBrowser(acme)
    response = browser.response()
    assert browser.post(response).status_code == 302

    again = browser.post(response)
    renamed = a_response(response).encode()

    assert again.json()["code"] == "saml_assertion_replayed"
    assert browser.post_raw(renamed.decode()).json()["code"] == "saml_assertion_replayed"
    with namespace_scope(acme.pk):
        remembered = ConsumedAssertion.objects.get()
        assert remembered.expires_at >= timezone.now() + timedelta(minutes=65)


@pytest.mark.django_db
def test_a_refused_sign_in_leaves_the_assertion_unused() -> None:
    acme = _acme()
    browser = SAMLBrowser(acme)
    request_id = browser.begun()
    response = browser.response(request_id=request_id)
    with namespace_scope(acme.pk):
        IdentityProvider.objects.update(groups_attribute="elsewhere")
    assert browser.post(response).json()["code"] == "saml_no_role"

    with namespace_scope(acme.pk):
        IdentityProvider.objects.update(groups_attribute="")

    assert browser.post(response).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_twenty_posts_at_once_one_signs_in() -> None:
    acme = _acme(allow_idp_initiated=True)
    response = a_response(SAMLBrowser(acme).response())

    def post(_: int) -> int:
        try:
            return int(SAMLBrowser(acme).post_raw(response).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=8) as pool:
        statuses = list(pool.map(post, range(20)))

    assert sorted(statuses) == [302] + [403] * 19
    assert _sessions(acme) == 1


HOSTILE_TARGETS = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "javascript:alert(1)",
    "data:text/html,x",
    f"{settings.PUBLIC_URL}.evil.example/",
    f"{settings.PUBLIC_URL}@evil.example/",
    f"{settings.PUBLIC_URL}:1/",
    f"{settings.PUBLIC_URL}//evil.example/",
    "http:///evil.example/",
    "https:evil.example",
    "evil.example",
    "",
    "/saml/acme/AzureActiveDirectory/login/",
    "/login/",
    "/x" * 2_000,
]


@pytest.mark.parametrize("target", HOSTILE_TARGETS)
def test_a_hostile_target_lands_at_home(target: str) -> None:
    assert landing_path(target=target, public_url=settings.PUBLIC_URL) == "/"


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/n/acme/dashboards/sales/", "/n/acme/dashboards/sales/"),
        ("/n/acme/?a=b#c", "/n/acme/?a=b#c"),
        (f"{settings.PUBLIC_URL}/n/acme/?a=b", "/n/acme/?a=b"),
        (settings.PUBLIC_URL, "/"),
        (f"{settings.PUBLIC_URL}?a=b", "/?a=b"),
    ],
)
def test_a_target_of_this_site_is_reduced_to_its_path(target: str, path: str) -> None:
    assert landing_path(target=target, public_url=settings.PUBLIC_URL) == path


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["asked", "unasked"])
def test_no_hostile_target_leaves_this_site(way: str) -> None:
    browser = SAMLBrowser(_acme(allow_idp_initiated=True))
    ways: dict[str, Callable[[str], str]] = {
        "asked": lambda target: browser.post(
            browser.response(request_id=browser.begun(target=target)), relay_state=target
        )["Location"],
        "unasked": lambda target: browser.post(browser.response(), relay_state=target)["Location"],
    }

    landed = {ways[way](target) for target in HOSTILE_TARGETS}

    assert landed == {"/"}
