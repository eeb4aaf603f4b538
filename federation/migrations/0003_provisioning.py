"""People and groups that SCIM clients provision."""

import django.db.models.deletion
import governance.kernel.identifiers
from django.conf import settings
from django.db import migrations, models

from governance.isolation.operations import Isolate, SameNamespace


class Migration(migrations.Migration):

    dependencies = [
        ('federation', '0002_directories'),
        ('tenancy', '0002_isolation'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ScimGroup',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('display_name', models.CharField(max_length=256)),
                ('key', models.CharField(editable=False, max_length=256)),
                ('external_id', models.CharField(blank=True, max_length=256)),
                ('identity_provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scim_groups', to='federation.identityprovider')),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
                ('role', models.ForeignKey(blank=True, help_text='What members of this group may do. Empty: the group grants nothing.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='scim_groups', to='tenancy.role')),
            ],
            options={
                'verbose_name': 'SCIM group',
            },
        ),
        migrations.CreateModel(
            name='ScimUser',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('user_name', models.CharField(max_length=256)),
                ('key', models.CharField(editable=False, max_length=256)),
                ('external_id', models.CharField(blank=True, max_length=256)),
                ('active', models.BooleanField(default=True)),
                ('resource', models.JSONField(default=dict)),
                ('identity_provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scim_users', to='federation.identityprovider')),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scim_users', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'SCIM user',
            },
        ),
        migrations.CreateModel(
            name='ScimMembership',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('group', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='federation.scimgroup')),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='federation.scimuser')),
            ],
            options={
                'verbose_name': 'SCIM membership',
            },
        ),
        migrations.AddIndex(
            model_name='scimgroup',
            index=models.Index(fields=['identity_provider', 'external_id'], name='federation__identit_b81e2c_idx'),
        ),
        migrations.AddConstraint(
            model_name='scimgroup',
            constraint=models.UniqueConstraint(fields=('identity_provider', 'key'), name='scim_group_name_once_a_provider'),
        ),
        migrations.AddIndex(
            model_name='scimuser',
            index=models.Index(fields=['identity_provider', 'external_id'], name='federation__identit_6d0de6_idx'),
        ),
        migrations.AddConstraint(
            model_name='scimuser',
            constraint=models.UniqueConstraint(fields=('identity_provider', 'key'), name='scim_user_name_once_a_provider'),
        ),
        migrations.AddConstraint(
            model_name='scimuser',
            constraint=models.UniqueConstraint(fields=('identity_provider', 'user'), name='scim_user_is_one_person'),
        ),
        migrations.AddConstraint(
            model_name='scimmembership',
            constraint=models.UniqueConstraint(fields=('group', 'member'), name='scim_member_once_a_group'),
        ),
        Isolate("ScimUser"),
        Isolate("ScimGroup"),
        Isolate("ScimMembership"),
        SameNamespace("ScimUser", "identity_provider", "federation_identityprovider"),
        SameNamespace("ScimUser", "user", "tenancy_user"),
        SameNamespace("ScimGroup", "identity_provider", "federation_identityprovider"),
        SameNamespace("ScimGroup", "role", "tenancy_role"),
        SameNamespace("ScimMembership", "group", "federation_scimgroup"),
        SameNamespace("ScimMembership", "member", "federation_scimuser"),
    ]
