"""Who may no longer act has no query running, and gets no answer to one that waited."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from governance.analytics.domain.queries import QueryState
from governance.analytics.models import Query
from governance.analytics.services import queries, standing
from governance.kernel.actors import Actor
from governance.tenancy.models import ApiToken, RoleBinding, User
from governance.tenancy.services import actors, users
from tests.factories import analytics, tenancy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_acme")]

SLOW = "SELECT sum(a.id * b.id) FROM range(100000000) a, range(100000000) b"


@pytest.fixture
def uma() -> Actor:
    return tenancy.an_actor(tenancy.a_user("uma", roles=["author"]), role="author")


def deactivated() -> None:
    user = User.objects.get(login_name="uma")
    users.set_active(user=user, active=False, actor=actors.system(), now=timezone.now())


def role_lost() -> None:
    RoleBinding.objects.all().delete()


@pytest.mark.parametrize(
    ("happens", "why"), [(deactivated, standing.DEACTIVATED), (role_lost, standing.ROLE_LOST)]
)
def test_a_running_query_ends_with_what_its_asker_may(
    uma: Actor, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None], why: str
) -> None:
    query = queries.submit(sql=SLOW, actor=uma, now=timezone.now())
    plan_of = queries.plan_of

    def meanwhile(row: Query) -> Any:
        happens()
        return plan_of(row)

    monkeypatch.setattr(queries, "plan_of", meanwhile)

    analytics.ran(query)

    assert (query.state, query.error) == (QueryState.CANCELLED, why)
    assert 400 <= query.run_milliseconds < 9000


@pytest.mark.parametrize(
    ("happens", "why"), [(deactivated, standing.DEACTIVATED), (role_lost, standing.ROLE_LOST)]
)
def test_a_waiting_query_is_not_begun(uma: Actor, happens: Callable[[], None], why: str) -> None:
    query = queries.submit(sql="SELECT 1", actor=uma, now=timezone.now())
    happens()

    analytics.ran(query)

    assert (query.state, query.error) == (QueryState.CANCELLED, why)


def test_a_query_of_a_revoked_token_is_not_begun(uma: Actor) -> None:
    query = queries.submit(sql="SELECT 1", actor=uma, now=timezone.now())
    tenancy.a_token("analytics:write")
    token = ApiToken.objects.get()
    Query.objects.filter(pk=query.pk).update(token_id=token.pk, user_id=None)
    ApiToken.objects.update(revoked_at=timezone.now())

    analytics.ran(query)

    assert (query.state, query.error) == (QueryState.CANCELLED, standing.TOKEN_REVOKED)


def test_a_query_of_somebody_else_goes_on(uma: Actor) -> None:
    other = tenancy.an_actor(tenancy.a_user("ahmed", roles=["author"]), role="author")
    query = queries.submit(sql="SELECT 1", actor=other, now=timezone.now())
    queries.submit(sql="SELECT 2", actor=uma, now=timezone.now())
    deactivated()

    analytics.ran(query)

    assert query.state == QueryState.SUCCEEDED
