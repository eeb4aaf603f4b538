"""T57, T60, T62, T63: approving one's own, mail sent elsewhere, what a link gives away."""

import ast
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from governance.isolation.scopes import namespace_scope
from governance.outbox.models import OutboxMessage
from governance.tenancy.models import RoleBinding
from purge import emails
from purge.models import ErasureDecision, ErasureRequest
from tests.app.purge.conftest import Company
from tests.app.purge.test_telling_people import delivered
from tests.factories import purge, tenancy
from tests.repo.conftest import modules

REST = "/api/v1/namespaces/acme/erasure-requests/"


@pytest.fixture
def acme(make_company: Callable[[str], Company]) -> Company:
    """Ivan, who asks, may decide too."""
    made = make_company("acme")
    (made.folder / "1.ndjson").write_bytes(purge.records(5, 7123, 6))
    with namespace_scope(made.namespace.pk):
        RoleBinding.objects.create(user=made.ivan, role=tenancy.the_role("officer"))
    return made


@pytest.fixture
def asked(acme: Company) -> ErasureRequest:
    with namespace_scope(acme.namespace.pk):
        return acme.located(people=[{"customer_id": 7123}])


def by_link(browser: Client, request: ErasureRequest) -> Any:
    values = {"report_hash": request.report_hash, "confirmation": "erase 1 record"}
    return browser.post(f"/n/acme/erasures/{request.pk}/approve/", values)


def by_rest(browser: Client, request: ErasureRequest) -> Any:
    body = {"report_hash": request.report_hash}
    return browser.post(f"{REST}{request.pk}/approve/", body, content_type="application/json")


def in_bulk(browser: Client, request: ErasureRequest) -> Any:
    body = {"approvals": [{"id": str(request.pk), "report_hash": request.report_hash}]}
    return browser.post(f"{REST}approve/", body, content_type="application/json")


def in_bulk_on_the_page(browser: Client, request: ErasureRequest) -> Any:
    values = {
        "verb": "approve",
        "confirmation": "approve 1 erasure",
        "report": f"{request.pk}:{request.report_hash}",
    }
    return browser.post("/n/acme/erasures/decide/", values)


def by_patch(browser: Client, request: ErasureRequest) -> Any:
    body = {"state": "approved", "approved_by_id": None}
    return browser.patch(f"{REST}{request.pk}/", body, content_type="application/json")


def in_the_admin(browser: Client, request: ErasureRequest) -> Any:
    address = reverse("admin:purge_erasurerequest_change", args=(request.pk,))
    return browser.post(address, {"state": "approved", "approved_by_id": ""})


def by_an_action_of_the_admin(browser: Client, request: ErasureRequest) -> Any:
    address = reverse("admin:purge_erasurerequest_changelist")
    return browser.post(address, {"action": "approve", "_selected_action": str(request.pk)})


WAYS = [
    (by_link, 403),
    (by_rest, 403),
    (in_bulk, 200),
    (in_bulk_on_the_page, 200),
    (by_patch, 405),
    (in_the_admin, 403),
    (by_an_action_of_the_admin, None),
]


@pytest.mark.parametrize(("way", "status"), WAYS, ids=lambda one: getattr(one, "__name__", ""))
def test_whoever_asked_approves_by_no_way(
    acme: Company, asked: ErasureRequest, way: Callable[..., Any], status: int | None
) -> None:
    answer = way(tenancy.signed_in(acme.ivan), asked)

    assert answer.status_code == status or status is None, answer.content
    if status == 200:
        assert b"may not decide on it" in answer.content
    with namespace_scope(acme.namespace.pk):
        assert not ErasureDecision.objects.exists()
        assert ErasureRequest.objects.get().state == "awaiting_approval"


@pytest.mark.parametrize("way", [by_link, by_rest, in_bulk, in_bulk_on_the_page])
def test_another_officer_approves_by_the_same_ways(
    acme: Company, asked: ErasureRequest, way: Callable[..., Any]
) -> None:
    assert way(tenancy.signed_in(acme.olga), asked).status_code in {200, 302}

    with namespace_scope(acme.namespace.pk):
        assert ErasureRequest.objects.get().state == "approved"


def test_two_approvals_of_one_report_by_one_link_are_one(
    acme: Company, asked: ErasureRequest
) -> None:
    """T62, replayed."""
    browser = tenancy.signed_in(acme.olga)

    assert [by_link(browser, asked).status_code for _ in range(2)] == [302, 409]


@pytest.mark.parametrize(
    "tampered",
    ["{id}x", "00000000-0000-7000-8000-000000000000", "{id}/../{id}", "{id}%00", "{ID}"],
)
def test_a_link_that_was_tampered_with_leads_to_nothing(
    acme: Company, asked: ErasureRequest, tampered: str
) -> None:
    browser = tenancy.signed_in(acme.olga)
    wrong = tampered.format(id=asked.pk, ID=str(asked.pk).upper())

    answer = browser.post(f"/n/acme/erasures/{wrong}/approve/", {"report_hash": asked.report_hash})

    assert answer.status_code in {400, 404}
    with namespace_scope(acme.namespace.pk):
        assert not ErasureDecision.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_mail_to_decide_goes_to_the_officers_own_addresses(acme: Company) -> None:
    """T60: whatever a body or a header says of addresses and hosts."""
    evil = "eve@evil.example"
    with namespace_scope(acme.namespace.pk):
        token = tenancy.a_token("purge:write")
    headers = {
        "authorization": f"Bearer {token}",
        "x-forwarded-host": "evil.example",
        "x-approver-email": evil,
        "reply-to": evil,
    }
    body = {"subjects": [{"customer_id": 7123}], "reason": "Asked by letter"}

    refused = Client().post(
        REST, body | {"approver_email": evil}, content_type="application/json", headers=headers
    )
    made = Client().post(REST, body, content_type="application/json", headers=headers)

    assert (refused.status_code, made.status_code) == (400, 201)
    sent = delivered()
    officers = {acme.ivan.email, acme.olga.email, acme.ahmed.email}
    assert {one.to.reveal() for one in sent.sent} <= officers
    assert {acme.olga.email, acme.ahmed.email} <= {one.to.reveal() for one in sent.sent}
    assert "evil" not in "".join(one.subject + one.text + one.html for one in sent.sent)


@pytest.mark.django_db(transaction=True)
def test_an_address_is_read_when_the_mail_is_sent(acme: Company) -> None:
    with namespace_scope(acme.namespace.pk):
        request = acme.located(people=[{"customer_id": 7123}])
        emails.awaiting_approval(request_id=request.pk)
        waiting = OutboxMessage.objects.filter(kind="email").values_list("payload", flat=True)
        assert waiting
        assert "@" not in str(list(waiting))
        acme.olga.email = "olga.new@customer.example"
        acme.olga.save()

    assert delivered().to("olga.new@customer.example")


@pytest.mark.parametrize("field", ["reference", "reason", "identity_proof", "contact"])
def test_a_line_break_in_what_a_mail_quotes_is_refused(acme: Company, field: str) -> None:
    with namespace_scope(acme.namespace.pk):
        token = tenancy.a_token("purge:write")
    body = {"subjects": [{"customer_id": 7123}], "reason": "Asked by letter"}
    value = "a@b.example\r\nBcc: eve@evil.example" if field == "contact" else "x\aBcc: eve"
    if field == "reference":
        value = "Letter\r\nBcc: eve@evil.example"

    answer = Client().post(
        REST,
        body | {field: value},
        content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    )

    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["pointer"] == f"/{field}"


def test_the_page_of_a_decision_tells_nobody_outside_of_itself(
    acme: Company, asked: ErasureRequest
) -> None:
    """T63: no referrer leaves, nothing is kept, nothing is fetched from elsewhere."""
    answer = tenancy.signed_in(acme.olga).get(f"/n/acme/erasures/{asked.pk}/")

    assert answer["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert "no-store" in answer["Cache-Control"]
    text = answer.content.decode()
    loaded = re.findall(r'(?:src|href|action)="([^"]+)"', text)
    assert loaded
    assert [one for one in loaded if re.match(r"(?i)(https?:)?//", one)] == []


def test_nothing_random_is_predictable() -> None:
    """T62: the product takes chance from `secrets` alone."""
    guessable = [
        str(path)
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and "random" in {one.name for one in node.names})
        or (isinstance(node, ast.ImportFrom) and node.module == "random")
    ]

    assert guessable == []
