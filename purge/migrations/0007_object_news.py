"""What was heard of objects, and is to be looked at."""

import django.db.models.deletion
from django.db import migrations, models

import governance.kernel.identifiers
from governance.isolation.operations import Isolate, SameNamespace


class Migration(migrations.Migration):
    dependencies = [
        ("tenancy", "0002_isolation"),
        ("purge", "0006_partition_the_metastore_index"),
    ]
    operations = [
        migrations.CreateModel(
            name="ObjectNews",
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
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("key_fingerprint", models.CharField(max_length=64)),
                ("key", models.TextField(blank=True)),
                ("sequencer", models.CharField(blank=True, max_length=64)),
                ("is_pending", models.BooleanField(default=True)),
                ("retags", models.BooleanField(default=False)),
                (
                    "namespace",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenancy.namespace",
                    ),
                ),
                (
                    "storage_layer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="news",
                        to="purge.storagelayer",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "object news",
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_pending", True)),
                        fields=["storage_layer"],
                        name="object_news_pending",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("storage_layer", "key_fingerprint"),
                        name="object_news_is_one_a_key",
                    )
                ],
            },
        ),
        Isolate("ObjectNews"),
        SameNamespace("ObjectNews", "storage_layer", "purge_storagelayer"),
    ]
