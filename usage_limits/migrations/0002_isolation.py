"""Every table is isolated; what is booked or logged can only be added to."""

from django.db import migrations

from governance.isolation.operations import AppendOnly, Isolate, SameNamespace

TABLES = (
    "UsageLimit",
    "UsageGate",
    "LimitCounter",
    "UsageEntry",
    "Reservation",
    "UsageControlLogEntry",
    "WorkloadRule",
    "WorkloadRuleMatch",
    "AlertChannel",
    "AlertDelivery",
)


class Migration(migrations.Migration):
    dependencies = [("usage_limits", "0001_initial"), ("tenancy", "0002_isolation")]
    operations = [
        *[Isolate(table) for table in TABLES],
        SameNamespace("LimitCounter", "limit", "usage_limits_usagelimit"),
        SameNamespace("AlertDelivery", "channel", "usage_limits_alertchannel"),
        AppendOnly("UsageEntry"),
        AppendOnly("UsageControlLogEntry"),
        AppendOnly("WorkloadRuleMatch"),
    ]
