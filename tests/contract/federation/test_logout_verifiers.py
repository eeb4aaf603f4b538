"""What every verifier of logout messages must do, asked of the fake and of the real one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from federation.adapters.python3saml_logouts import PythonSAMLLogoutVerifier
from federation.domain.logouts import (
    LogoutExpectation,
    ReceivedLogout,
    ReceivedRequest,
    ReceivedResponse,
)
from federation.domain.saml import ResponseRefused
from federation.ports import LogoutVerifier
from tests.fakes import logout_verifier
from tests.fakes.idp import ENTITY_ID, NOW, SP, KeyPair, Signing, a_key_pair, encoded
from tests.fakes.idp_logouts import Logout, Query, a_signed_tree
from tests.fakes.logout_verifier import FakeLogoutVerifier

PARTIAL = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"


@dataclass(frozen=True)
class Candidate:
    """One implementation by one binding, and how a provider writes for it."""

    verifier: LogoutVerifier
    write: Callable[[Logout, KeyPair | None], str]
    by_form: bool

    def verified(
        self, logout: Logout, *, key: KeyPair | None = None, signed: bool = True
    ) -> ReceivedLogout:
        expectation = LogoutExpectation(
            issuers=frozenset({ENTITY_ID}),
            certificates=(a_key_pair().certificate,),
            sls_url=f"{SP}/sls/",
            clock_skew=timedelta(seconds=60),
        )
        text = self.write(logout, (key or a_key_pair()) if signed else None)
        if self.by_form:
            parameters = {logout.parameter: [text]}
            return self.verifier.posted(parameters=parameters, expectation=expectation, now=NOW)
        return self.verifier.redirected(query=text, expectation=expectation, now=NOW)

    def refused(self, logout: Logout, **circumstances: Any) -> str:
        with pytest.raises(ResponseRefused) as refusal:
            self.verified(logout, **circumstances)
        return refusal.value.code


def _as_query(logout: Logout, key: KeyPair | None) -> str:
    if key is None:
        return Query(signed=False, algorithm=None).of(logout)
    return Query(key=key).of(logout)


def _as_form(logout: Logout, key: KeyPair | None) -> str:
    if key is None:
        return encoded(logout.xml())
    return encoded(a_signed_tree(logout, signing=Signing(key=key)))


def _as_json(logout: Logout, key: KeyPair | None) -> str:
    return logout_verifier.written(logout, key=key)


@pytest.fixture(
    params=[
        Candidate(FakeLogoutVerifier(), _as_json, by_form=False),
        Candidate(FakeLogoutVerifier(), _as_json, by_form=True),
        Candidate(PythonSAMLLogoutVerifier(), _as_query, by_form=False),
        Candidate(PythonSAMLLogoutVerifier(), _as_form, by_form=True),
    ],
    ids=["fake-query", "fake-form", "python3-saml-query", "python3-saml-form"],
)
def candidate(request: pytest.FixtureRequest) -> Candidate:
    found: Candidate = request.param
    return found


def test_a_request_says_whom_it_is_about(candidate: Candidate) -> None:
    request = candidate.verified(Logout(session_indexes=("_one", "_two")))

    assert isinstance(request, ReceivedRequest)
    assert request.name_id == "joe@customer.example"
    assert request.session_indexes == ("_one", "_two")
    assert request.usable_until(skew=timedelta(seconds=60)) == NOW + timedelta(minutes=6)


@pytest.mark.parametrize(
    ("statuses", "complete"), [((SUCCESS,), True), ((SUCCESS, PARTIAL), False)]
)
def test_a_response_says_whether_all_is_done(
    candidate: Candidate, statuses: tuple[str, ...], *, complete: bool
) -> None:
    response = candidate.verified(Logout(kind="LogoutResponse", statuses=statuses))

    assert isinstance(response, ReceivedResponse)
    assert response.in_response_to == "_request1"
    assert response.is_complete is complete


def test_unsigned_and_strangers_messages_are_refused(candidate: Candidate) -> None:
    assert candidate.refused(Logout(), signed=False) == "saml_logout_unsigned"
    assert candidate.refused(Logout(), key=a_key_pair("mallory")) == "saml_signature_invalid"


@pytest.mark.parametrize(
    ("logout", "code"),
    [
        (Logout(issuer="https://other.example/"), "saml_logout_issuer_mismatch"),
        (Logout(destination=f"{SP}/sls/x"), "saml_logout_destination_mismatch"),
        (Logout(issued=timedelta(minutes=-10)), "saml_logout_expired"),
        (Logout(issued=timedelta(minutes=5)), "saml_logout_not_yet_valid"),
        (Logout(not_on_or_after=timedelta(minutes=-2)), "saml_logout_expired"),
        (Logout(name_id=" joe"), "saml_logout_names_nobody"),
        (Logout(version="1.1"), "saml_logout_version"),
    ],
)
def test_a_message_that_is_not_for_here_and_now_is_refused(
    candidate: Candidate, logout: Logout, code: str
) -> None:
    assert candidate.refused(logout) == code
