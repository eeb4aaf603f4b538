"""Messages are isolated; the worker reads across namespaces in a system scope."""

from django.db import migrations

from governance.isolation.operations import Isolate


class Migration(migrations.Migration):
    dependencies = [("outbox", "0001_initial"), ("tenancy", "0002_isolation")]
    operations = [Isolate("OutboxMessage")]
