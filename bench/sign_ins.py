"""Sign-ins: a response verified beside stock python3-saml, what a refusal costs, and full posts.

A full post is what the browser sends to the ACS, over HTTP to gunicorn: verify, rules, provision,
session, redirect. Its figure is the processor time of the web process, so that it says how many a
core can do; the database works on another.
"""

import resource
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from bench import saml_sign_ins, services
from bench.measurements import Row, against_bar, compare
from bench.saml_sign_ins import Provider
from bench.services import Client
from federation.adapters.python3saml_verifier import PythonSAMLVerifier
from federation.domain.saml import ResponseRefused
from governance.kernel.personal import Personal
from tests.fakes.hostile import HOSTILE
from tests.fakes.idp import NOW, Response, a_key_pair, a_response, an_expectation

VERIFIER = PythonSAMLVerifier()
OPENING = (Personal(a_key_pair("service").private_pem.decode()),)
ROUNDS = 300
VERIFICATION_BAR, POST_BAR, REFUSAL_BAR = 1 / 500, 1 / 150, 0.050
# All posts come from one network, at once.
UNBOUND = {"SAML_NETWORK_REQUESTS": "1000000", "SAML_PROVIDER_REQUESTS": "1000000"}
REFUSAL_ROUNDS = 5
POSTS = 150


def rows() -> Iterator[Row]:
    yield from _verifications()
    yield _refusals()
    yield from _posts()


def _verifications() -> Iterator[Row]:
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - python3-saml reads it too
    response = a_response(Response(now=now))
    expectation = an_expectation()
    settings = OneLogin_Saml2_Settings(_stock_settings())
    acs = urlsplit(expectation.acs_url)
    request = {"https": "on", "http_host": acs.netloc, "script_name": acs.path}

    def ours() -> None:
        VERIFIER.verified_assertion(saml_response=response, expectation=expectation, now=now)

    def stock() -> None:
        parsed = OneLogin_Saml2_Response(settings, response)
        if not parsed.is_valid(request):
            raise RuntimeError(parsed.get_error())

    yield compare(
        what="Sign-in: a response verified",
        ours=ours,
        peer_name="stock python3-saml, strict",
        peer=stock,
        rounds=ROUNDS,
        warm_up=10,
    )
    yield against_bar(
        what="Sign-in: a response verified, 500 a second",
        ours=ours,
        times=1,
        bar_seconds=VERIFICATION_BAR,
        rounds=ROUNDS,
    )


def _refusals() -> Row:
    """The dearest of all hostile responses; the process's memory is in the row's name."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    dearest = max(
        _refusal_seconds(hostile.build(Response(), sign))
        for hostile in HOSTILE
        for sign in ("Assertion", "Response")
    )
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return Row(
        what=f"Sign-in: dearest of {2 * len(HOSTILE)} refusals (+{grown:.0f} MiB)",
        ours_seconds=dearest,
        peer="the bar, in processor time",
        peer_seconds=REFUSAL_BAR,
    )


def _refusal_seconds(response: str) -> float:
    expectation = an_expectation(opening_keys=OPENING)
    each = []
    for _ in range(REFUSAL_ROUNDS):
        began = time.process_time()
        try:
            VERIFIER.verified_assertion(saml_response=response, expectation=expectation, now=NOW)
        except ResponseRefused:
            each.append(time.process_time() - began)
    return statistics.median(each)


def _posts() -> Iterator[Row]:
    with (
        services.installation() as made,
        services.served(
            "governance.project.wsgi",
            environment={**made.environment, **UNBOUND},
            log_file=made.home.logs / "ours.log",
        ) as client,
    ):
        idp = saml_sign_ins.provider(made, client=client)
        people = [f"person-{number}" for number in range(POSTS)]
        _posted(idp, client, people=["first"] * 10)
        for what, names in (("of a new person", people), ("of a person known here", people)):
            seconds, wall = _posted(idp, client, people=names)
            yield Row(
                what=f"Sign-in: full post {what} ({1 / wall:.0f}/s on the wall)",
                ours_seconds=seconds,
                peer="the bar, in processor time",
                peer_seconds=POST_BAR,
            )


def _posted(idp: Provider, client: Client, *, people: list[str]) -> tuple[float, float]:
    """Processor and wall seconds of the web process for one post."""
    prepared = []
    for name in people:
        request_id, cookie = idp.begun()
        prepared.append((idp.answered(request_id, person=name), cookie))
    used, began = saml_sign_ins.processor_seconds(client.process), time.perf_counter()
    for body, cookie in prepared:
        idp.post(body, cookie=cookie)
    wall = time.perf_counter() - began
    used = saml_sign_ins.processor_seconds(client.process) - used
    return used / len(people), wall / len(people)


def _stock_settings() -> dict[str, object]:
    """What its own documentation calls strict, with the checks that it offers."""
    expected = an_expectation()
    return {
        "strict": True,
        "sp": {
            "entityId": expected.sp_entity_id,
            "assertionConsumerService": {"url": expected.acs_url},
        },
        "idp": {
            "entityId": expected.idp_entity_id,
            "singleSignOnService": {"url": "https://idp.customer.example/sso"},
            "x509cert": a_key_pair().der_base64,
        },
        "security": {"wantAssertionsSigned": True, "rejectDeprecatedAlgorithm": True},
    }
