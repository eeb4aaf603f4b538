"""What every verifier of responses must do, asked of the fake and of the real one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from federation.adapters.python3saml_verifier import PythonSAMLVerifier
from federation.domain.saml import ResponseRefused, VerifiedAssertion
from federation.ports import AssertionVerifier
from tests.fakes import assertion_verifier
from tests.fakes.assertion_verifier import FakeAssertionVerifier
from tests.fakes.idp import (
    ENTITY_ID,
    NOW,
    KeyPair,
    Response,
    Signing,
    a_key_pair,
    a_response,
    an_expectation,
)

OTHER = "https://other.example/"
Write = Callable[[Response, KeyPair | None, str], str]


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


@dataclass(frozen=True)
class Candidate:
    """One implementation under test, and how a provider writes for it."""

    verifier: AssertionVerifier
    write: Write

    def verified(
        self,
        response: Response,
        *,
        key: KeyPair | None = a_key_pair(),  # noqa: B008 - the same for the whole run
        sign: str = "Assertion",
        **expected: Any,
    ) -> VerifiedAssertion:
        return self.verifier.verified_assertion(
            saml_response=self.write(response, key, sign),
            expectation=an_expectation(**expected),
            now=NOW,
        )

    def refused(self, response: Response, **circumstances: Any) -> str:
        with pytest.raises(ResponseRefused) as refusal:
            self.verified(response, **circumstances)
        return refusal.value.code


def _as_xml(response: Response, key: KeyPair | None, sign: str) -> str:
    if key is None:
        return a_response(response, sign="none")
    return a_response(response, sign=sign, signing=Signing(key=key))


def _as_json(response: Response, key: KeyPair | None, sign: str) -> str:
    return assertion_verifier.written(response, key=key, sign=sign)


@pytest.fixture(params=["fake", "python3-saml"])
def candidate(request: pytest.FixtureRequest) -> Candidate:
    if request.param == "fake":
        return Candidate(FakeAssertionVerifier(), _as_json)
    return Candidate(PythonSAMLVerifier(), _as_xml)


@pytest.mark.parametrize("sign", ["Assertion", "Response"])
def test_what_the_provider_signed_is_returned_as_it_was_said(
    candidate: Candidate, sign: str
) -> None:
    response = Response(session_not_on_or_after=minutes(30))

    assertion = candidate.verified(response, sign=sign)

    assert assertion.assertion_id == response.assertion_id
    assert assertion.issuer == ENTITY_ID
    assert assertion.name_id == "joe@customer.example"
    assert assertion.name_id_format.endswith("emailAddress")
    assert assertion.in_response_to == "_request1"
    assert assertion.session_index == "_session1"
    assert assertion.session_not_on_or_after == NOW + minutes(30)
    assert assertion.authenticated_at == NOW - minutes(10)
    assert dict(assertion.attributes) == {k: tuple(v) for k, v in response.attributes.items()}


def test_an_assertion_is_remembered_until_time_alone_refuses_it(candidate: Candidate) -> None:
    response = Response(confirmed_until=minutes(7), not_on_or_after=minutes(9))

    assertion = candidate.verified(response, clock_skew=minutes(2))

    assert assertion.usable_until == NOW + minutes(9)


def test_nobody_needs_to_have_asked(candidate: Candidate) -> None:
    response = Response(in_response_to=None, response_in_response_to=None)

    assert candidate.verified(response).in_response_to is None


def test_what_nobody_signed_is_refused(candidate: Candidate) -> None:
    assert candidate.refused(Response(), key=None) == "saml_signature_missing"


def test_what_a_stranger_signed_is_refused(candidate: Candidate) -> None:
    code = candidate.refused(Response(), key=a_key_pair("mallory"))

    assert code == "saml_signature_invalid"


def test_any_trusted_certificate_will_do(candidate: Candidate) -> None:
    trusted = (a_key_pair("renewed").certificate, a_key_pair().certificate)

    assert candidate.verified(Response(), certificates=trusted).issuer == ENTITY_ID


@pytest.mark.parametrize(
    "changes", [{"not_after": NOW}, {"not_before": NOW + minutes(1)}], ids=["expired", "early"]
)
def test_a_certificate_counts_only_while_it_is_valid(
    candidate: Candidate, changes: dict[str, Any]
) -> None:
    outside = replace(a_key_pair().certificate, **changes)

    code = candidate.refused(Response(), certificates=(outside,))

    assert code == "saml_no_trusted_certificate"


def test_the_message_is_signed_where_that_is_demanded(candidate: Candidate) -> None:
    code = candidate.refused(Response(), want_messages_signed=True)

    assert code == "saml_message_signature_missing"
    signed = candidate.verified(Response(), sign="Response", want_messages_signed=True)
    assert signed.issuer == ENTITY_ID


@pytest.mark.parametrize("text", ["", "!!!", "bm90aGluZw==", "ÄÖÜ=", "e30="])
def test_what_is_no_response_is_refused(candidate: Candidate, text: str) -> None:
    with pytest.raises(ResponseRefused):
        candidate.verifier.verified_assertion(
            saml_response=text, expectation=an_expectation(), now=NOW
        )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"audiences": []}, "saml_audience_mismatch"),
        ({"audiences": [[OTHER]]}, "saml_audience_mismatch"),
        ({"recipient": OTHER}, "saml_recipient_mismatch"),
        ({"recipient": None}, "saml_recipient_mismatch"),
        ({"destination": OTHER}, "saml_destination_mismatch"),
        ({"issuer": OTHER}, "saml_issuer_mismatch"),
        ({"response_issuer": OTHER}, "saml_issuer_mismatch"),
        ({"name_id": " "}, "saml_name_id_missing"),
        ({"method": "urn:x"}, "saml_subject_not_confirmed"),
        ({"confirmed_until": None}, "saml_subject_not_confirmed"),
        ({"not_on_or_after": None}, "saml_conditions_missing"),
        ({"response_in_response_to": "_other"}, "saml_request_mismatch"),
        ({"confirmed_until": minutes(-2)}, "saml_assertion_expired"),
        ({"not_on_or_after": minutes(-2)}, "saml_assertion_expired"),
        ({"session_not_on_or_after": minutes(-2)}, "saml_assertion_expired"),
        ({"issued": minutes(-200)}, "saml_assertion_expired"),
        ({"not_before": minutes(2)}, "saml_assertion_not_yet_valid"),
        ({"authenticated": minutes(2)}, "saml_assertion_not_yet_valid"),
        ({"not_on_or_after": minutes(600)}, "saml_validity_too_long"),
        ({"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"}, "saml_status_not_success"),
    ],
)
def test_what_was_not_said_to_us_and_now_is_refused(
    candidate: Candidate, changes: dict[str, Any], code: str
) -> None:
    assert candidate.refused(replace(Response(), **changes)) == code
