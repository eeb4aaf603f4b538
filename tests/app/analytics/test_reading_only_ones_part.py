"""Storage narrowed to roles: by SQL, by role named, by dashboards, by links and other folders."""

import pytest
from django.conf import settings
from django.utils import timezone

from governance.analytics.adapters.lake_files import LocationEmpty, LocationOutside
from governance.analytics.domain.dashboards import PanelSpec
from governance.analytics.domain.queries import QueryState
from governance.analytics.models import Query
from governance.analytics.services import dashboards, queries
from governance.analytics.services.grants import RoleNotYours
from governance.kernel.actors import Actor
from governance.tenancy.models import Namespace, Policy, Role, RolePolicy
from governance.tenancy.services import actors
from tests.factories import analytics, tenancy

pytestmark = pytest.mark.django_db

COUNT = "SELECT sum(n) AS n FROM sales"


@pytest.fixture
def sales(in_acme: Namespace) -> Namespace:
    """Sales of two regions in one table, and a role for each."""
    lake = analytics.lake_of(in_acme)
    analytics.write_csv(lake / "sales" / "eu" / "a.csv", [{"n": 1}])
    analytics.write_csv(lake / "sales" / "us" / "b.csv", [{"n": 10}])
    analytics.a_table("sales", "sales/", table_format="csv")
    for region in ("eu", "us"):
        role = Role.objects.create(name=region, storage_prefixes=[f"sales/{region}/"])
        RolePolicy.objects.create(role=role, policy=Policy.objects.get(name="lakewarden-author"))
    return in_acme


def rows(query: Query) -> tuple[tuple[object, ...], ...]:
    assert query.state == QueryState.SUCCEEDED, query.error
    return queries.page(query=query, offset=0, limit=10).rows


def an_actor(*roles: str, acting: str | None = None) -> Actor:
    return tenancy.an_actor(tenancy.a_user(roles=roles), role=acting)


@pytest.mark.usefixtures("sales")
def test_each_role_sums_its_own_folder() -> None:
    assert rows(analytics.asked(COUNT, an_actor("eu", acting="eu"))) == (("1",),)
    assert rows(analytics.asked(COUNT, an_actor("us", acting="us"))) == (("10",),)
    assert rows(analytics.asked(COUNT, an_actor("author", acting="author"))) == (("11",),)


@pytest.mark.usefixtures("sales")
def test_a_table_wholly_outside_the_role_is_not_there() -> None:
    with pytest.raises(LocationEmpty):
        analytics.asked("SELECT * FROM flights", an_actor("eu", acting="eu"))


@pytest.mark.usefixtures("sales")
def test_a_local_session_reads_what_any_of_its_roles_may() -> None:
    assert rows(analytics.asked(COUNT, an_actor("eu", "us"))) == (("11",),)


@pytest.mark.usefixtures("sales")
def test_a_role_that_is_held_can_be_named_and_no_other() -> None:
    both = an_actor("eu", "us", acting="us")

    assert rows(analytics.asked(COUNT, both, role="eu")) == (("1",),)
    for role in ("admin", "nobody"):
        with pytest.raises(RoleNotYours):
            analytics.asked(COUNT, both, role=role)


@pytest.mark.usefixtures("sales")
def test_a_dashboard_never_shows_another_roles_figures() -> None:
    dashboard = dashboards.create(
        slug="sales",
        title="Sales",
        panels=[PanelSpec(title="Sum", sql=COUNT)],
        shared_with=["eu", "us"],
        actor=actors.system(),
        now=timezone.now(),
    )
    seen = []
    for role in ("eu", "us", "eu"):
        viewer = an_actor(role, acting=role)
        now = timezone.now()
        [first] = dashboards.looked_at(dashboard=dashboard, actor=viewer, now=now)
        assert first.query is not None
        analytics.ran(first.query)
        [second] = dashboards.looked_at(dashboard=dashboard, actor=viewer, now=now)
        assert second.query is not None
        seen.append(rows(second.query))

    assert seen == [(("1",),), (("10",),), (("1",),)]
    assert Query.objects.count() == 2


def test_a_namespaces_folder_that_is_a_link_is_refused(in_acme: Namespace) -> None:
    analytics.lake_of(in_acme)
    root = settings.LAKE_ROOTS[0]
    (root / "acme").rename(root / "elsewhere")
    (root / "acme").symlink_to(root / "elsewhere")
    try:
        with pytest.raises(LocationOutside):
            analytics.asked("SELECT * FROM flights", an_actor("author"))
    finally:
        (root / "acme").unlink()
        (root / "elsewhere").rename(root / "acme")
