"""Dashboards: panels of saved SQL, each drawn as a table, bars, a line or one figure."""

import re
from dataclasses import dataclass
from enum import StrEnum

from governance.kernel.refusals import FieldError, Invalid

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
MAX_PANELS = 20


class ChartKind(StrEnum):
    TABLE = "table"
    BAR = "bar"
    LINE = "line"
    FIGURE = "figure"


class DashboardInvalid(Invalid):
    code = "dashboard_invalid"
    sentence = "The dashboard is not valid."


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelSpec:
    title: str
    sql: str
    chart: ChartKind = ChartKind.TABLE


def check(*, slug: str, panels: list[PanelSpec]) -> None:
    """Raise DashboardInvalid with what is wrong."""
    errors = []
    if not SLUG.fullmatch(slug):
        detail = "Use lower-case letters, digits and single hyphens."
        errors.append(FieldError(pointer="/slug", code="slug_invalid", detail=detail))
    if not 1 <= len(panels) <= MAX_PANELS:
        detail = f"A dashboard shows 1 to {MAX_PANELS} queries."
        errors.append(FieldError(pointer="/queries", code="panel_count", detail=detail))
    if errors:
        raise DashboardInvalid(errors=errors)
