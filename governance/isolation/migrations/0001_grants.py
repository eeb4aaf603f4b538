"""What the owner makes, the service may use. First of all migrations."""

from django.db import migrations

from governance.isolation.operations import GrantToService


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [GrantToService()]
