"""The answers of POSTs with an Idempotency-Key, isolated per namespace."""

import django.db.models.deletion
import governance.kernel.identifiers
from django.db import migrations, models

from governance.isolation.operations import Isolate


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('tenancy', '0001_initial'),
        ('isolation', '0001_grants'),
    ]

    operations = [
        migrations.CreateModel(
            name='IdempotentAnswer',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('principal', models.CharField(max_length=64)),
                ('key', models.CharField(max_length=200)),
                ('request_hash', models.CharField(max_length=64)),
                ('status', models.PositiveSmallIntegerField(default=0)),
                ('body', models.TextField(blank=True, help_text='JSON, in the order it was answered.')),
                ('location', models.CharField(blank=True, max_length=500)),
                ('namespace', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('namespace', 'principal', 'key'), name='idempotency_key_is_used_once', nulls_distinct=False)],
            },
        ),
        Isolate('IdempotentAnswer'),
    ]
