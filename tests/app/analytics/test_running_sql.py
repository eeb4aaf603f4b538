"""From a question to its rows: submitted, run in a process of its own, paged, booked."""

import pytest
from django.utils import timezone

from governance.analytics.domain.dialect import TableUnknown
from governance.analytics.domain.queries import QueryState
from governance.analytics.services import queries
from governance.isolation.scopes import namespace_scope
from governance.kernel.permissions import PermissionDenied
from governance.outbox.models import OutboxMessage
from tests.factories import analytics, tenancy

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("in_acme")
def test_an_author_reads_the_rows_they_asked_for() -> None:
    uma = tenancy.an_actor(tenancy.a_user(roles=["author"]))

    query = analytics.asked(
        "SELECT carrier, count(*) AS n FROM flights GROUP BY carrier ORDER BY n DESC, carrier", uma
    )

    assert (query.state, query.error) == (QueryState.SUCCEEDED, "")
    page = queries.page(query=query, offset=0, limit=2)
    assert page.rows == (("AA", 2), ("DL", 2))
    assert (page.total, page.has_more) == (3, True)
    assert query.bytes_scanned > 0


@pytest.mark.usefixtures("in_acme")
def test_a_reader_may_not_write_sql() -> None:
    reader = tenancy.an_actor(tenancy.a_user(roles=["reader"]))

    with pytest.raises(PermissionDenied):
        queries.submit(sql="SELECT * FROM flights", actor=reader, now=timezone.now())


@pytest.mark.usefixtures("in_acme")
def test_a_submitted_query_is_a_job_of_the_outbox() -> None:
    uma = tenancy.an_actor(tenancy.a_user(roles=["author"]))

    query = queries.submit(sql="SELECT 1", actor=uma, now=timezone.now())

    assert query.state == QueryState.QUEUED
    assert OutboxMessage.objects.get(name="analytics.run_query").payload == {
        "query_id": str(query.pk)
    }


@pytest.mark.usefixtures("in_acme")
def test_eve_of_another_namespace_finds_no_such_table() -> None:
    other = tenancy.a_namespace("globex", account_id="123456789012")
    with namespace_scope(other.pk):
        analytics.an_engine()
        eve = tenancy.an_actor(tenancy.a_user(roles=["author"]))

        with pytest.raises(TableUnknown):
            queries.submit(sql="SELECT * FROM flights", actor=eve, now=timezone.now())
