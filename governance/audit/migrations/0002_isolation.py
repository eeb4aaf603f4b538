"""The trail is isolated, and the service may only add to it."""

from django.db import migrations

from governance.isolation.operations import AppendOnly, Isolate, SameNamespace


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("tenancy", "0002_isolation")]
    operations = [
        Isolate("AuditEvent"),
        Isolate("AuditSeal"),
        SameNamespace("AuditSeal", "event", "audit_auditevent"),
        AppendOnly("AuditEvent"),
        AppendOnly("AuditSeal"),
    ]
