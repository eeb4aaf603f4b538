"""Single logout, encrypted assertions, signed metadata, and keys of ours that take turns."""

import django.db.models.deletion
import django.utils.timezone
import governance.kernel.identifiers
from django.db import migrations, models

from governance.isolation.operations import Isolate, SameNamespace


class Migration(migrations.Migration):

    dependencies = [
        ('federation', '0005_choose_roles_and_prove_again'),
        ('tenancy', '0003_remember_how_long_a_proof_holds'),
    ]

    operations = [
        migrations.AddField(
            model_name='identityprovider',
            name='request_binding',
            field=models.CharField(choices=[('auto', 'Automatic'), ('redirect', 'HTTP-Redirect'), ('post', 'HTTP-POST')], default='auto', help_text='Automatic: HTTP-Redirect, or HTTP-POST where the provider offers only that.', max_length=8, verbose_name='how requests are sent'),
        ),
        migrations.AddField(
            model_name='identityprovider',
            name='sign_metadata',
            field=models.BooleanField(default=False, help_text='Sign the metadata that we publish for this provider, with a key made here.', verbose_name='sign our metadata'),
        ),
        migrations.AddField(
            model_name='identityprovider',
            name='want_assertions_encrypted',
            field=models.BooleanField(default=False, help_text='Refuse assertions that are not encrypted to a key that is made here.'),
        ),
        # Keys that exist sign already. The default reaches rows that row-level security hides.
        migrations.AddField(
            model_name='serviceproviderkey',
            name='signs_from',
            field=models.DateTimeField(blank=True, default=django.utils.timezone.now, help_text='Empty until somebody says when it takes over.', null=True),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name='SignOutRequest',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('request_id', models.CharField(max_length=64)),
                ('browser_fingerprint', models.CharField(help_text='SHA-256 of the cookie of the browser that signed out.', max_length=64)),
                ('expires_at', models.DateTimeField()),
                ('consumed_at', models.DateTimeField(null=True)),
                ('identity_provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sign_out_requests', to='federation.identityprovider')),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
            ],
            options={
                'indexes': [models.Index(fields=['expires_at'], name='federation__expires_e1007f_idx')],
                'constraints': [models.UniqueConstraint(fields=('namespace', 'request_id'), name='sign_out_request_id_once')],
            },
        ),
        Isolate("SignOutRequest"),
        SameNamespace("SignOutRequest", "identity_provider", "federation_identityprovider"),
    ]
