"""T67, T69: what the service itself holds of somebody goes with them; the trail still holds."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from governance.analytics.models import Query
from governance.analytics.services import results
from governance.audit.models import AuditEvent
from governance.audit.services import chains
from governance.isolation.scopes import namespace_scope, system_scope
from governance.restapi.models import IdempotentAnswer
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy

pytestmark = pytest.mark.django_db

NUMBER, EMAIL = 71234567, 'dora "d" o\'hara@customer.example'
PERSON = {"customer_id": NUMBER, "email": EMAIL}


@pytest.fixture
def acme(make_company: Callable[[str], Company]) -> Company:
    made = make_company("acme")
    (made.folder / "1.ndjson").write_bytes(purge.records(5, NUMBER))
    return made


def a_query(company: Company, sql: str, *, state: str = "succeeded", **more: object) -> Query:
    ended = state not in {"queued", "running"}
    now = timezone.now()
    with namespace_scope(company.namespace.pk):
        row = Query.objects.create(
            sql=sql,
            state=state,
            submitted_at=now,
            finished_at=now if ended else None,
            result_expires_at=now + timedelta(hours=1) if ended else None,
            **more,
        )
    if ended:
        file_of(row).parent.mkdir(parents=True, exist_ok=True)
        file_of(row).write_bytes(json.dumps(PERSON).encode())
    return row


def file_of(row: Query) -> Path:
    return results.path_of(namespace_id=row.namespace_id, query_id=row.pk)


def erased(company: Company) -> None:
    with namespace_scope(company.namespace.pk):
        assert company.erase(company.approved(people=[PERSON])).state == "completed"


def now_is(row: Query) -> Query:
    with namespace_scope(row.namespace_id):
        return Query.objects.get(pk=row.pk)


def test_results_of_queries_go_and_their_texts_name_nobody(acme: Company) -> None:
    typed = a_query(
        acme,
        "SELECT * FROM sales WHERE id = 71234567 AND n = 5",
        parameters={"who": [EMAIL.upper()], "id": NUMBER, "limit": 5},
        error=f"no such row: {NUMBER}",
    )
    other = a_query(acme, "SELECT count(*) FROM sales WHERE n = 5")
    runs = a_query(acme, f"SELECT {NUMBER}", state="running")

    erased(acme)

    assert not file_of(typed).exists()
    assert not file_of(other).exists()
    assert now_is(other).result_expires_at is None
    after = now_is(typed)
    assert after.sql == "SELECT * FROM sales WHERE id = ••• AND n = 5"
    assert after.parameters == {"who": ["•••"], "id": "•••", "limit": 5}
    assert after.error == "no such row: •••"
    assert now_is(other).sql == "SELECT count(*) FROM sales WHERE n = 5"
    assert str(NUMBER) in now_is(runs).sql
    with namespace_scope(acme.namespace.pk):
        event = AuditEvent.objects.get(action="erasure.traces_forgotten")
    assert event.detail == {"results": 2, "queries": 1}


def test_queries_of_another_namespace_are_not_touched(
    acme: Company, make_company: Callable[[str], Company]
) -> None:
    theirs = a_query(make_company("evil"), f"SELECT {NUMBER}")

    erased(acme)

    assert file_of(theirs).exists()
    assert str(NUMBER) in now_is(theirs).sql


def test_a_short_value_garbles_no_history(acme: Company) -> None:
    query = a_query(acme, "SELECT 5 FROM sales GROUP BY 5")
    with namespace_scope(acme.namespace.pk):
        acme.erase(acme.approved(people=[{"customer_id": 5}]))

    assert now_is(query).sql == "SELECT 5 FROM sales GROUP BY 5"


def test_the_trail_verifies_after_an_erasure_and_names_nobody(acme: Company) -> None:
    """T69: there is no name in it to unseal."""
    erased(acme)
    with system_scope("test"):
        while chains.seal_pending():
            pass
        verification = chains.verify(now=timezone.now())
        events = list(AuditEvent.objects.values_list("action", "detail"))

    assert (verification.broken, verification.oldest_unsealed) == ((), None)
    assert "erasure.completed" in {action for action, _ in events}
    assert not [one for one in events if str(NUMBER) in str(one) or EMAIL in str(one)]


def test_an_idempotency_key_keeps_no_plain_hash_of_whom_it_is_about(acme: Company) -> None:
    with namespace_scope(acme.namespace.pk):
        token = tenancy.a_token("purge:write")
    path = "/api/v1/namespaces/acme/erasure-requests/"
    body = {"subjects": [PERSON], "reason": "Asked by letter"}

    def post() -> int:
        return (
            Client()
            .post(
                path,
                body,
                content_type="application/json",
                headers={"authorization": f"Bearer {token}", "idempotency-key": "letter-1"},
            )
            .status_code
        )

    assert [post(), post()] == [201, 201]

    text = "\n".join(("POST", path, json.dumps(body, sort_keys=True)))
    with namespace_scope(acme.namespace.pk):
        kept = IdempotentAnswer.objects.get()
    assert kept.request_hash != hashlib.sha256(text.encode()).hexdigest()
    assert str(NUMBER) not in kept.body + kept.location
