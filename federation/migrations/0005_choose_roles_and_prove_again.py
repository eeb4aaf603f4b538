"""A verified sign-in may wait for a choice of role, or prove an open session again."""

import django.db.models.deletion
import governance.kernel.identifiers
from django.conf import settings
from django.db import migrations, models

from governance.isolation.operations import Isolate, SameNamespace


class Migration(migrations.Migration):

    dependencies = [
        ('federation', '0004_lives_of_providers'),
        ('tenancy', '0003_remember_how_long_a_proof_holds'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='signinrequest',
            name='session_id',
            field=models.UUIDField(blank=True, help_text='The session whose person is to prove it again.', null=True),
        ),
        migrations.CreateModel(
            name='RoleChoice',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('secret_digest', models.CharField(max_length=64)),
                ('role_ids', models.JSONField(default=list)),
                ('session_name', models.CharField(max_length=64)),
                ('name_id', models.CharField(max_length=1024)),
                ('session_index', models.CharField(blank=True, max_length=256)),
                ('tags', models.JSONField(default=dict)),
                ('authenticated_at', models.DateTimeField()),
                ('proof_expires_at', models.DateTimeField()),
                ('landing_path', models.CharField(default='/', max_length=2048)),
                ('expires_at', models.DateTimeField()),
                ('identity_provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='role_choices', to='federation.identityprovider')),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['expires_at'], name='federation__expires_063303_idx')],
                'constraints': [models.UniqueConstraint(fields=('namespace', 'secret_digest'), name='role_choice_secret_once')],
            },
        ),
        Isolate("RoleChoice"),
        SameNamespace("RoleChoice", "identity_provider", "federation_identityprovider"),
        SameNamespace("RoleChoice", "user", "tenancy_user"),
    ]
