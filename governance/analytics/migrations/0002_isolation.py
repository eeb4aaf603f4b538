"""Every table is isolated; what points to another row points within the namespace."""

from django.db import migrations

from governance.isolation.operations import Isolate, SameNamespace

TABLES = (
    "Engine",
    "LakeTable",
    "LakeView",
    "Dashboard",
    "DashboardPanel",
    "DashboardShare",
    "Query",
)


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_initial"), ("tenancy", "0002_isolation")]
    operations = [
        *[Isolate(table) for table in TABLES],
        SameNamespace("DashboardPanel", "dashboard", "analytics_dashboard"),
        SameNamespace("DashboardShare", "dashboard", "analytics_dashboard"),
        SameNamespace("DashboardShare", "role", "tenancy_role"),
        SameNamespace("Query", "engine", "analytics_engine"),
        SameNamespace("Query", "user", "tenancy_user"),
        SameNamespace("Query", "role", "tenancy_role"),
        SameNamespace("Query", "panel", "analytics_dashboardpanel"),
    ]
