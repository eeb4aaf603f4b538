"""Test this application: a real sign-in that tells everything and signs nobody in."""

import importlib
import pkgutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

import federation
from federation.domain import explanations, stages
from federation.domain.remedies import REMEDIES
from federation.domain.saml import ResponseRefused
from federation.models import IdentityProvider, SignInAttempt, SignInRequest
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace, User, UserSession
from tests.factories.federation_saml import an_identity_provider, the_walk_through
from tests.factories.saml_sign_ins import SAMLBrowser, as_member_of
from tests.factories.tenancy import a_namespace, a_platform_administrator, a_user, ivan, signed_in
from tests.fakes.idp import Signing, a_key_pair, a_response

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Namespace:
    """A namespace whose provider is configured and not enabled yet."""
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        the_walk_through(an_identity_provider(enabled=False))
    return acme


@pytest.fixture
def tester(acme: Namespace) -> SAMLBrowser:
    return SAMLBrowser(acme, client=signed_in(ivan(acme)))


def begun(browser: SAMLBrowser) -> str:
    answer = browser.client.get(f"{browser.base}/test/")
    assert answer.status_code == 302, answer.content
    assert answer["Location"].startswith("https://idp.customer.example/sso?")
    with namespace_scope(browser.namespace.pk):
        return SignInRequest.objects.filter(is_test=True).latest("created_at").request_id


def posted(browser: SAMLBrowser, response: Any, **signing: Any) -> str:
    """The page that the ACS answers a test with."""
    answer = browser.client.post(
        f"{browser.base}/acs/", {"SAMLResponse": a_response(response, **signing)}
    )
    assert "no-store" in answer["Cache-Control"]
    return str(answer.content.decode())


def people_and_sessions(acme: Namespace) -> tuple[int, int]:
    with namespace_scope(acme.pk):
        people = User.objects.filter(source="saml").count()
        return people, UserSession.objects.exclude(provider_id=None).count()


def test_a_test_of_a_provider_that_is_not_enabled_tells_everything(
    tester: SAMLBrowser, acme: Namespace
) -> None:
    page = posted(tester, tester.response(request_id=begun(tester)))

    assert "Every check passed" in page
    assert page.count("pill--ok") > len(stages.SIGN_IN)
    assert "author/joe" in page
    assert "3600 seconds" in page
    assert "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name" in page
    assert "Role, row" in page
    assert "The person is in none of these groups." in page
    assert people_and_sessions(acme) == (0, 0)
    with namespace_scope(acme.pk):
        attempt = SignInAttempt.objects.get()
        assert (attempt.is_test, attempt.outcome, attempt.user) == (True, "accepted", None)
        assert IdentityProvider.objects.get().proved_at is not None


def test_a_failed_test_names_the_check_and_what_to_change(
    tester: SAMLBrowser, acme: Namespace
) -> None:
    page = posted(tester, tester.response(request_id=begun(tester), audiences=(("urn:other",),)))

    assert "saml_audience_mismatch" in page
    assert "What to change:" in page
    assert "Copy the Identifier (Entity ID)" in page
    assert "urn:other" in page, "what arrived"
    assert page.count(">Failed<") == 1
    assert "Not reached" in page
    with namespace_scope(acme.pk):
        attempt = SignInAttempt.objects.get()
        assert attempt.check_name == "audience"
        assert ["Audience", "urn:other"] in [fact[:2] for fact in attempt.facts]
        assert IdentityProvider.objects.get().proved_at is None


def test_a_wrong_certificate_proves_nothing(tester: SAMLBrowser, acme: Namespace) -> None:
    page = posted(
        tester,
        tester.response(request_id=begun(tester)),
        signing=Signing(key=a_key_pair("another")),
    )

    assert "saml_signature_invalid" in page
    assert "unknown key" in page
    assert "Read without a proof" in page
    with namespace_scope(acme.pk):
        assert IdentityProvider.objects.get().proved_at is None


def test_something_unreadable_is_told_too(tester: SAMLBrowser) -> None:
    begun(tester)

    answer = tester.client.post(f"{tester.base}/acs/", {"SAMLResponse": "%%%"})

    assert answer.status_code == 403
    assert "saml_response_not_decodable" in answer.content.decode()


def test_a_person_without_a_role_sees_which_rules_were_passed_over(
    tester: SAMLBrowser, acme: Namespace
) -> None:
    page = posted(
        tester,
        tester.response(request_id=begun(tester), attributes=as_member_of("quicksight-author")),
    )

    assert "saml_no_role" in page
    assert "A group differs only in case: QuickSight-Author." in page
    with namespace_scope(acme.pk):
        rules = SignInAttempt.objects.get().rules
    assert [matched for _, matched, _ in rules] == [False, False, False, True]
    assert "joe" not in str(rules)


def test_a_test_is_answered_once(tester: SAMLBrowser) -> None:
    request_id = begun(tester)
    posted(tester, tester.response(request_id=request_id))

    again = tester.post(tester.response(request_id=request_id, assertion_id="_second"))

    assert again.status_code == 403


def test_the_answer_of_a_test_signs_nobody_in_wherever_it_is_posted(
    tester: SAMLBrowser, acme: Namespace
) -> None:
    request_id = begun(tester)
    with namespace_scope(acme.pk):
        IdentityProvider.objects.update(enabled=True)
    stranger = SAMLBrowser(acme)
    stranger.begun()

    without = SAMLBrowser(acme).post(tester.response(request_id=request_id))
    elsewhere = stranger.post(tester.response(request_id=request_id))

    assert without.json()["code"] == "saml_request_unknown"
    assert elsewhere.json()["code"] == "saml_request_unknown"
    assert people_and_sessions(acme) == (0, 0)


def test_the_answer_of_a_sign_in_is_no_test_in_the_same_browser(
    tester: SAMLBrowser, acme: Namespace
) -> None:
    begun(tester)
    with namespace_scope(acme.pk):
        IdentityProvider.objects.update(enabled=True)
    request_id = tester.begun()

    answer = tester.post(tester.response(request_id=request_id))

    assert answer.status_code == 302
    assert people_and_sessions(acme) == (1, 1)


def test_a_test_ends_with_the_session_of_who_began_it(tester: SAMLBrowser, acme: Namespace) -> None:
    request_id = begun(tester)
    with namespace_scope(acme.pk):
        UserSession.objects.update(ended_at=timezone.now())

    answer = tester.post(tester.response(request_id=request_id))

    assert answer.status_code == 403
    assert answer.json()["code"] == "saml_provider_disabled"


def test_a_test_ends_after_a_quarter_of_an_hour(tester: SAMLBrowser, acme: Namespace) -> None:
    request_id = begun(tester)
    with namespace_scope(acme.pk):
        SignInRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert tester.post(tester.response(request_id=request_id)).status_code == 403


def test_strangers_and_readers_cannot_begin_a_test(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        reader = signed_in(a_user(roles=["reader"]))
    address = SAMLBrowser(acme).base + "/test/"

    assert Client().get(address).status_code == 302
    assert Client().get(address)["Location"].startswith("/login/")
    assert reader.get(address).status_code == 403


def test_an_admin_of_another_namespace_cannot_test_here(acme: Namespace) -> None:
    eve = signed_in(ivan(a_namespace("other")))

    assert eve.get(SAMLBrowser(acme).base + "/test/").status_code in {403, 404}


def test_a_platform_administrator_can_test_anywhere(acme: Namespace) -> None:
    root = SAMLBrowser(acme, client=signed_in(a_platform_administrator()))

    page = posted(root, root.response(request_id=begun(root)))

    assert "Every check passed" in page


def test_a_persons_refused_page_and_the_log_say_the_same(acme: Namespace) -> None:
    browser = SAMLBrowser(acme)
    with namespace_scope(acme.pk):
        IdentityProvider.objects.update(enabled=True)
        admin = signed_in(a_user(roles=["admin"]))
    response = browser.response(request_id=browser.begun(), recipient="https://elsewhere.example/")

    refused = browser.client.post(
        f"{browser.base}/acs/", {"SAMLResponse": a_response(response)}
    ).content.decode()

    with namespace_scope(acme.pk):
        attempt = SignInAttempt.objects.get()
    assert attempt.reference in refused
    assert "For your administrator:" in refused
    log = "/admin/federation/signinattempt/"
    assert str(attempt.pk) in admin.get(log, {"q": attempt.reference}).content.decode()
    page = admin.get(f"{log}{attempt.pk}/change/").content.decode()
    for text in ("https://elsewhere.example/", "Differs", "Copy the Reply URL (ACS URL)"):
        assert text in page
    assert "joe" not in page


# --- the words


def refusals() -> list[type[ResponseRefused]]:
    for module in pkgutil.walk_packages(federation.__path__, "federation."):
        importlib.import_module(module.name)
    found, waiting = [], [ResponseRefused]
    while waiting:
        kind = waiting.pop()
        waiting.extend(kind.__subclasses__())
        if kind is not ResponseRefused and kind.__module__.startswith("federation"):
            found.append(kind)
    return found


def test_every_refusal_says_what_to_change() -> None:
    missing = sorted({kind.code for kind in refusals()} - REMEDIES.keys())

    assert missing == []


def test_every_check_has_codes_that_exist() -> None:
    known = {kind.code for kind in refusals()}

    checks = (stages.SIGN_IN, stages.SIGN_OUT_BY_REDIRECT, stages.SIGN_OUT_BY_FORM)
    assert {code for each in checks for stage in each for code in stage.codes} <= known


def test_lines_pass_up_to_the_failed_check() -> None:
    lines = explanations.lines(code="saml_audience_mismatch", sentence="No.")

    states = [line.state.value for line in lines]
    at = states.index("failed")
    assert lines[at].name == "Audience"
    assert set(states[:at]) == {"passed"}
    assert set(states[at + 1 :]) == {"not_reached"}


def test_a_code_without_a_check_is_told_first() -> None:
    lines = explanations.lines(code="user_inactive", sentence="Deactivated.")

    assert (lines[0].state.value, lines[0].sentence) == ("failed", "Deactivated.")
    assert {line.state.value for line in lines[1:]} == {"not_reached"}


def test_the_page_of_remedies_is_what_the_code_says() -> None:
    """Write it anew with `manage.py sign_in_problems_page`."""
    page = Path(__file__).parents[3] / "docs" / "sign-in-problems.md"

    assert page.read_text(encoding="utf-8") == explanations.page()
