"""Every hostile logout message is refused by the check that is meant to, and cheaply."""

import resource
import time
from datetime import timedelta

import pytest

from federation.adapters.python3saml_logouts import PythonSAMLLogoutVerifier
from federation.domain.logouts import LogoutExpectation, ReceivedLogout, ReceivedRequest
from federation.domain.saml import ResponseRefused
from tests.fakes.hostile_logouts import HOSTILE_LOGOUTS, Form, HostileLogout
from tests.fakes.idp import ENTITY_ID, NOW, SP, KeyPair, a_key_pair, encoded
from tests.fakes.idp_logouts import MORE, Logout, Query, a_signed_tree, lower_case

ALIAS = "https://login.customer.example/tenant/"


def verified(message: str | Form, *, key: KeyPair | None = None) -> ReceivedLogout:
    verifier = PythonSAMLLogoutVerifier()
    expectation = LogoutExpectation(
        issuers=frozenset({ENTITY_ID, ALIAS}),
        certificates=((key or a_key_pair()).certificate,),
        sls_url=f"{SP}/sls/",
        clock_skew=timedelta(seconds=60),
    )
    if isinstance(message, str):
        return verifier.redirected(query=message, expectation=expectation, now=NOW)
    return verifier.posted(parameters=message, expectation=expectation, now=NOW)


@pytest.mark.parametrize("hostile", HOSTILE_LOGOUTS, ids=[one.name for one in HOSTILE_LOGOUTS])
def test_a_hostile_logout_message_is_refused_by_its_check(hostile: HostileLogout) -> None:
    message = hostile.message()

    with pytest.raises(ResponseRefused) as refusal:
        verified(message)

    assert refusal.value.code == hostile.code, refusal.value
    assert refusal.value.check != "response"


def test_there_are_many_of_them() -> None:
    assert len(HOSTILE_LOGOUTS) > 100
    assert len({one.name for one in HOSTILE_LOGOUTS}) == len(HOSTILE_LOGOUTS)


@pytest.mark.parametrize("kind", ["LogoutRequest", "LogoutResponse"])
def test_a_good_message_is_accepted_by_either_binding(kind: str) -> None:
    logout = Logout(kind=kind)

    by_query = verified(Query(relay_state="token 1").of(logout))
    by_form = verified({logout.parameter: [encoded(a_signed_tree(logout))]})

    assert by_query.message_id == by_form.message_id == "_logout1"
    if isinstance(by_query, ReceivedRequest):
        assert by_query.name_id == "joe@customer.example"
        assert by_query.session_indexes == ("_session1",)
        assert by_query.relay_state == "token 1"


def test_lower_case_escapes_are_verified_as_they_were_written() -> None:
    query = Query(escape=lower_case, relay_state="https://a/b?c=d").of(Logout())

    assert "%2f" in query
    assert isinstance(verified(query), ReceivedRequest)


def test_the_order_in_the_address_does_not_matter_but_that_of_the_signature() -> None:
    pairs = Query(relay_state="x").of(Logout()).split("&")

    assert isinstance(verified("&".join(reversed(pairs))), ReceivedRequest)


def test_what_is_not_saml_in_the_address_is_passed_over() -> None:
    assert isinstance(verified(f"utm=1&{Query().of(Logout())}&lang=en"), ReceivedRequest)


def test_a_second_name_of_the_provider_may_sign_logout_messages() -> None:
    assert verified(Query().of(Logout(issuer=ALIAS))).issuer == ALIAS


def test_an_elliptic_key_signs_a_query() -> None:
    key = a_key_pair("ec", kind="ec256")
    query = Query(key=key, algorithm=f"{MORE}ecdsa-sha256")

    assert isinstance(verified(query.of(Logout()), key=key), ReceivedRequest)


@pytest.mark.parametrize(("seconds", "accepted"), [(-359, True), (-360, False), (60, True)])
def test_a_message_lives_five_minutes_and_the_skew(*, seconds: int, accepted: bool) -> None:
    query = Query().of(Logout(issued=timedelta(seconds=seconds), not_on_or_after=None))

    if accepted:
        assert verified(query).message_id == "_logout1"
    else:
        with pytest.raises(ResponseRefused):
            verified(query)


def test_nothing_hostile_takes_fifty_milliseconds_or_fifty_megabytes() -> None:
    messages = [one.message() for one in HOSTILE_LOGOUTS]
    verified(Query().of(Logout()))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    slowest = 0.0

    for message in messages:
        taken = min(_seconds(message) for _ in range(3))
        slowest = max(slowest, taken)

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert slowest < 0.05
    assert grown < 50 * 1024


def _seconds(message: str | Form) -> float:
    begun = time.process_time()
    with pytest.raises(ResponseRefused):
        verified(message)
    return time.process_time() - begun
