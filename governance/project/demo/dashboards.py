"""The demo's dashboards: delays for readers and authors, sales for authors."""

from dataclasses import dataclass
from datetime import datetime

from governance.analytics.domain.dashboards import ChartKind, PanelSpec
from governance.analytics.models import Dashboard
from governance.analytics.services import dashboards
from governance.kernel.actors import Actor
from governance.project.demo.signing_in import NAMED_ROLES
from governance.tenancy.domain.presets import Preset
from governance.tenancy.models import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    slug: str
    title: str
    description: str
    shared_with: tuple[Preset, ...]
    panels: tuple[PanelSpec, ...]


DELAYS = Plan(
    slug="leaving-new-york",
    title="Leaving New York",
    description="Flights out of Newark, Kennedy and LaGuardia in 2013.",
    shared_with=(Preset.ADMIN, Preset.AUTHOR, Preset.READER),
    panels=(
        PanelSpec(
            title="Flights",
            sql="SELECT count(*) AS flights FROM flights",
            chart=ChartKind.FIGURE,
        ),
        PanelSpec(
            title="Minutes late, by month",
            sql=(
                "SELECT month, round(avg(dep_delay), 1) AS minutes\n"
                "FROM flights GROUP BY month ORDER BY month"
            ),
            chart=ChartKind.LINE,
        ),
        PanelSpec(
            title="Flights by airline",
            sql=(
                "SELECT a.name AS airline, count(*) AS flights\n"
                "FROM flights f JOIN airlines a ON a.carrier = f.carrier\n"
                "GROUP BY a.name ORDER BY flights DESC LIMIT 8"
            ),
            chart=ChartKind.BAR,
        ),
        PanelSpec(
            title="Where waiting was longest",
            sql=(
                "SELECT p.name AS airport, count(*) AS flights,\n"
                "       round(avg(f.dep_delay), 1) AS minutes_late\n"
                "FROM flights f JOIN airports p ON p.faa = f.dest\n"
                "WHERE NOT f.cancelled\n"
                "GROUP BY p.name HAVING count(*) > 1000\n"
                "ORDER BY minutes_late DESC, airport LIMIT 10"
            ),
        ),
    ),
)
SALES = Plan(
    slug="music-shop",
    title="Music shop",
    description="What the shop sold in 1997 and 1998. No customer is named.",
    shared_with=(Preset.ADMIN, Preset.AUTHOR),
    panels=(
        PanelSpec(
            title="Dollars, by month",
            sql=(
                "SELECT date_format(purchased_on, 'yyyy-MM') AS month,\n"
                "       round(sum(dollars)) AS dollars\n"
                "FROM purchases GROUP BY date_format(purchased_on, 'yyyy-MM') ORDER BY month"
            ),
            chart=ChartKind.LINE,
        ),
        PanelSpec(
            title="How many customers bought how often",
            sql=(
                "SELECT times, count(*) AS customers\n"
                "FROM (SELECT customer_id, count(*) AS times FROM purchases\n"
                "      GROUP BY customer_id) AS bought\n"
                "GROUP BY times ORDER BY times LIMIT 12"
            ),
            chart=ChartKind.BAR,
        ),
    ),
)


def _roles(plan: Plan) -> list[str]:
    """The presets, and of the roles that the demo's provider names those that are like them."""
    named = [name for name, preset in NAMED_ROLES.items() if preset in plan.shared_with]
    there = Role.objects.filter(name__in=named).values_list("name", flat=True)
    return [*(preset.value for preset in plan.shared_with), *there]


def make(*, actor: Actor, now: datetime) -> None:
    for plan in (DELAYS, SALES):
        if not Dashboard.objects.filter(slug=plan.slug).exists():
            dashboards.create(
                slug=plan.slug,
                title=plan.title,
                description=plan.description,
                panels=plan.panels,
                shared_with=_roles(plan),
                actor=actor,
                now=now,
            )
