"""Refreshing providers, testing them, and enforcing single sign-on."""

import django.db.models.deletion
import governance.kernel.identifiers
from django.conf import settings
from django.db import migrations, models

from governance.isolation.operations import Isolate, SameNamespace


class Migration(migrations.Migration):

    dependencies = [
        ('federation', '0003_provisioning'),
        ('tenancy', '0002_isolation'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='identityprovider',
            name='keys_search_ended_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='identityprovider',
            name='keys_sought_at',
            field=models.DateTimeField(editable=False, help_text='When a signature by an unknown key last made us fetch the metadata.', null=True),
        ),
        migrations.AddField(
            model_name='identityprovider',
            name='last_refresh_problem',
            field=models.CharField(blank=True, editable=False, help_text='Why the last refresh failed.', max_length=500),
        ),
        migrations.AddField(
            model_name='identityprovider',
            name='last_refresh_tried_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='identityprovider',
            name='last_refreshed_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='identityprovider',
            name='proved_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='When somebody last signed in, or a test succeeded, with what is configured.', null=True),
        ),
        migrations.AddField(
            model_name='signinattempt',
            name='check_name',
            field=models.CharField(blank=True, max_length=64, verbose_name='failed check'),
        ),
        migrations.AddField(
            model_name='signinattempt',
            name='facts',
            field=models.JSONField(blank=True, default=list, help_text='What arrived beside what is expected. Names nobody.'),
        ),
        migrations.AddField(
            model_name='signinattempt',
            name='is_test',
            field=models.BooleanField(default=False, verbose_name='test'),
        ),
        migrations.AddField(
            model_name='signinattempt',
            name='rules',
            field=models.JSONField(blank=True, default=list, help_text='What became of each claim rule, without values.'),
        ),
        migrations.AddField(
            model_name='signinrequest',
            name='tester_session_id',
            field=models.UUIDField(help_text='The session of the administrator who tests; the request ends with it.', null=True),
        ),
        migrations.CreateModel(
            name='OneTimePassword',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('digest', models.CharField(max_length=64)),
                ('expires_at', models.DateTimeField()),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user',), name='one_time_password_once_a_user')],
            },
        ),
        migrations.CreateModel(
            name='SingleSignOnEnforcement',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('break_glass_user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('identity_provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='enforcements', to='federation.identityprovider')),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('namespace',), name='single_sign_on_enforced_once_a_namespace')],
            },
        ),
        Isolate("OneTimePassword"),
        Isolate("SingleSignOnEnforcement"),
        SameNamespace("OneTimePassword", "user", "tenancy_user"),
        SameNamespace("SingleSignOnEnforcement", "identity_provider", "federation_identityprovider"),
        SameNamespace("SingleSignOnEnforcement", "break_glass_user", "tenancy_user"),
    ]
