"""Old seals stay provable after FIELD_KEYS were rotated: what they were made with is kept."""

import django.db.models.deletion
from django.db import migrations, models

import governance.kernel.identifiers
import governance.secrets.fields
from governance.isolation.operations import Isolate


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_isolation")]
    operations = [
        migrations.CreateModel(
            name="AuditKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=governance.kernel.identifiers.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("key_id", models.CharField(max_length=32, unique=True)),
                ("key", governance.secrets.fields.SealedTextField()),
                (
                    "namespace",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.namespace",
                    ),
                ),
            ],
        ),
        Isolate("AuditKey"),
    ]
