"""Real queries on a real engine meet a limit: charged, refused with a reason, admitted again."""

from collections.abc import Iterator

import pytest
from django.utils import timezone

from governance.analytics.adapters.runner_pool import POOL
from governance.analytics.domain.queries import QueryState
from governance.analytics.models import Query
from governance.analytics.services import queries
from governance.isolation.scopes import namespace_scope
from governance.outbox.models import OutboxMessage
from governance.tenancy.models import Namespace
from tests.factories import analytics, tenancy
from tests.factories.rest import Script
from tests.factories.tenancy import signed_in
from tests.factories.usage_limits import a_limit, a_rule, an_email_channel, some_terms
from usage_limits import selectors
from usage_limits.domain.admissions import UsageLimitReached
from usage_limits.models import UsageControlLogEntry, UsageEntry, UsageLimit

MB = 2**20
SQL = "SELECT carrier FROM flights"
TWO_QUERIES = "0.00002"  # of at least 10 MB each

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True, scope="module")
def _no_runner_is_left() -> Iterator[None]:
    yield
    POOL.close()


@pytest.fixture
def acme() -> Namespace:
    namespace = tenancy.a_namespace("acme")
    with namespace_scope(namespace.pk):
        analytics.an_engine()
        analytics.flights(namespace)
        a_limit(some_terms(TWO_QUERIES), now=timezone.now())
        an_email_channel()
    return namespace


def test_two_queries_run_and_the_third_is_refused_with_a_reason_and_an_alert(
    acme: Namespace,
) -> None:
    with namespace_scope(acme.pk):
        uma = tenancy.an_actor(tenancy.a_user("uma", roles=["author"]))
        for _ in range(2):
            assert analytics.asked(SQL, uma).state == QueryState.SUCCEEDED
        assert sum(entry.amount for entry in UsageEntry.objects.all()) == 20 * MB

    with pytest.raises(UsageLimitReached) as refused, namespace_scope(acme.pk):
        queries.submit(sql=SQL, actor=uma, now=timezone.now())

    assert str(refused.value).startswith("Query reached usage limit")
    with namespace_scope(acme.pk):
        assert Query.objects.count() == 2
        [logged] = UsageControlLogEntry.objects.all()
        assert (logged.cause, logged.action) == ("refused", "disable")
        assert OutboxMessage.objects.filter(name="usage_limits/email/alert").count() == 1
        queries.submit(sql="SELECT 1", actor=uma, now=timezone.now())


def test_rest_answers_429_with_the_limit_and_when_to_come_back(acme: Namespace) -> None:
    script = Script(acme)
    with namespace_scope(acme.pk):
        limit = UsageLimit.objects.get()
    for _ in range(2):
        assert script.post("queries/", {"sql": SQL}).status_code == 202

    answer = script.post("queries/", {"sql": SQL})

    problem = answer.json()
    assert answer.status_code == 429
    assert answer["Content-Type"] == "application/problem+json"
    assert problem["code"] == "usage_limit_reached"
    assert problem["detail"].startswith("Query reached usage limit")
    assert (problem["limit"], problem["feature"], problem["period"]) == (
        str(limit.pk),
        "spectrum",
        "weekly",
    )
    assert problem["amount"] == float(TWO_QUERIES)
    assert problem["used"] == pytest.approx(20 / 2**20)
    assert problem["requested"] == pytest.approx(10 / 2**20)
    assert problem["reset_at"].endswith("T00:00:00Z")
    assert int(answer["Retry-After"]) == problem["retry_after_seconds"] > 0


def test_a_rule_stops_a_query_before_it_runs(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        a_rule(("spectrum_scan_row_count", ">", 2), name="few_rows_only", action="abort")
        a_rule(("spectrum_scan_size_mb", ">", 0), name="nothing_at_all", action="abort")

    answer = Script(acme).post("queries/", {"sql": SQL})

    assert answer.status_code == 403
    assert answer.json()["code"] == "query_aborted_by_rule"
    with namespace_scope(acme.pk):
        [state] = selectors.limit_states(limits=list(UsageLimit.objects.all()), now=timezone.now())
    assert state.reading.standing.taken == 0


def test_the_portal_shows_the_bar(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        uma = tenancy.a_user("uma", roles=["author"])
        analytics.asked(SQL, tenancy.an_actor(uma))

    shown = signed_in(uma).get(f"/n/{acme.name}/usage/").content.decode()

    assert "Data scanned, weekly" in shown
    assert "10 MB of 20.97 MB" in shown
