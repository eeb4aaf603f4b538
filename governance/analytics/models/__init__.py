"""Tables of analytics: engines, the catalogue, queries, dashboards."""

from governance.analytics.models.catalogue import LakeTable, LakeView
from governance.analytics.models.dashboards import Dashboard, DashboardPanel, DashboardShare
from governance.analytics.models.engines import Engine
from governance.analytics.models.queries import Query

__all__ = [
    "Dashboard",
    "DashboardPanel",
    "DashboardShare",
    "Engine",
    "LakeTable",
    "LakeView",
    "Query",
]
