"""Rules of a namespace, legal holds, the ledger of who was erased, and a second approval."""

import django.db.models.deletion
import django.utils.timezone
import governance.kernel.identifiers
import governance.secrets.fields
from django.db import migrations, models

from governance.isolation.operations import Isolate, SameNamespace

# What was asked for before keeps the time that it would have been given.
WHEN_IT_EXPIRES = """
SELECT set_config('lakewarden.system', 'on', true);
UPDATE purge_erasurerequest
   SET expires_at = GREATEST(due_at, created_at + interval '60 days');
SELECT set_config('lakewarden.system', '', true);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('purge', '0004_keep_old_versions_and_tables'),
        ('tenancy', '0002_isolation'),
    ]

    operations = [
        migrations.CreateModel(
            name='ComeBack',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('state', models.CharField(choices=[('open', 'To decide'), ('asked', 'Erasure asked for'), ('dismissed', 'May stay')], default='open', editable=False, max_length=10)),
                ('subject', governance.secrets.fields.SealedTextField(blank=True, editable=False)),
                ('seen_at', models.DateTimeField(editable=False)),
                ('decided_by_id', models.UUIDField(blank=True, editable=False, null=True)),
            ],
            options={
                'verbose_name': 'return of an erased person',
                'verbose_name_plural': 'returns of erased people',
            },
        ),
        migrations.CreateModel(
            name='ErasureRules',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('approvals_needed', models.PositiveSmallIntegerField(choices=[(1, 'One officer'), (2, 'Two officers')], default=1, help_text='How many people must approve an erasure. Requests keep the larger number.')),
                ('undecided_days', models.PositiveSmallIntegerField(default=60, help_text='A request that nobody decided on expires after so many days, though never before it is due.')),
                ('came_back', models.CharField(choices=[('flag', 'Tell the officers'), ('erase_again', 'Ask for another erasure at once')], default='flag', help_text='When a record of an erased person arrives again.', max_length=12)),
            ],
            options={
                'verbose_name': 'erasure rules',
                'verbose_name_plural': 'erasure rules',
            },
        ),
        migrations.CreateModel(
            name='LegalHold',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('fingerprints', models.JSONField(default=list, editable=False)),
                ('index_fingerprints', models.JSONField(default=list, editable=False)),
                ('reason', models.CharField(help_text='Why it must be kept. Names nobody.', max_length=1000)),
                ('until', models.DateTimeField(help_text='When the duty to keep ends.')),
                ('placed_by_id', models.UUIDField(editable=False)),
                ('lifted_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('lifted_by_id', models.UUIDField(blank=True, editable=False, null=True)),
                ('lifted_because', models.CharField(blank=True, editable=False, max_length=1000)),
            ],
        ),
        migrations.CreateModel(
            name='Suppression',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('fingerprint', models.BigIntegerField()),
                ('public_fingerprint', models.CharField(max_length=100)),
                ('erased_at', models.DateTimeField()),
                ('lifted_at', models.DateTimeField(blank=True, help_text='The person wanted to be known again.', null=True)),
            ],
        ),
        migrations.AddField(
            model_name='erasurecertificate',
            name='kind',
            field=models.CharField(choices=[('complete', 'Complete'), ('partial', 'Partial')], default='complete', max_length=8),
        ),
        migrations.AddField(
            model_name='erasurerequest',
            name='approvals_needed',
            field=models.PositiveSmallIntegerField(default=1, editable=False),
        ),
        migrations.AddField(
            model_name='erasurerequest',
            name='contact',
            field=governance.secrets.fields.SealedTextField(blank=True, editable=False),
        ),
        migrations.AddField(
            model_name='erasurerequest',
            name='expires_at',
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False, help_text='Undecided then, it ends with nothing deleted.'),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='erasurerequest',
            name='identity_proof',
            field=models.CharField(blank=True, help_text='How it was checked that the request comes from the person. Names nobody.', max_length=1000),
        ),
        migrations.AddField(
            model_name='erasurerequest',
            name='origin',
            field=models.CharField(choices=[('asked', 'Asked for'), ('came_back', 'Came back after an erasure')], default='asked', editable=False, max_length=12),
        ),
        migrations.AddField(
            model_name='erasurerequest',
            name='reminded',
            field=models.JSONField(default=list, editable=False, help_text='The reminders sent: days before it is due.'),
        ),
        migrations.AddField(
            model_name='erasurerequest',
            name='second_approved_by_id',
            field=models.UUIDField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='erasurerequest',
            name='stop_wanted',
            field=models.BooleanField(default=False, editable=False, help_text='Somebody cancelled it: stop after this object.'),
        ),
        migrations.AlterField(
            model_name='erasurecertificate',
            name='erasure_request',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='certificates', to='purge.erasurerequest'),
        ),
        migrations.AddConstraint(
            model_name='erasurecertificate',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'complete')), fields=('erasure_request',), name='erasure_is_certified_complete_once'),
        ),
        migrations.AddConstraint(
            model_name='erasurerequest',
            constraint=models.CheckConstraint(condition=models.Q(('approvals_needed__in', (1, 2))), name='erasure_needs_one_or_two_approvals'),
        ),
        migrations.AddConstraint(
            model_name='erasurerequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ('approved', 'purging', 'verifying', 'completed', 'partially_failed')), _negated=True), ('approvals_needed', 1), ('second_approved_by_id__isnull', False), _connector='OR'), name='erasure_is_approved_by_as_many_as_needed'),
        ),
        migrations.AddConstraint(
            model_name='erasurerequest',
            constraint=models.CheckConstraint(condition=models.Q(('second_approved_by_id__isnull', True), models.Q(models.Q(('second_approved_by_id', models.F('requested_by_id')), _negated=True), models.Q(('second_approved_by_id', models.F('approved_by_id')), _negated=True)), _connector='OR'), name='erasure_second_approver_is_somebody_else'),
        ),
        migrations.AddField(
            model_name='comeback',
            name='dataset',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='come_backs', to='purge.dataset'),
        ),
        migrations.AddField(
            model_name='comeback',
            name='erasure_request',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='purge.erasurerequest'),
        ),
        migrations.AddField(
            model_name='comeback',
            name='namespace',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace'),
        ),
        migrations.AddField(
            model_name='erasurerules',
            name='namespace',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace'),
        ),
        migrations.AddField(
            model_name='legalhold',
            name='dataset',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='holds', to='purge.dataset'),
        ),
        migrations.AddField(
            model_name='legalhold',
            name='namespace',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace'),
        ),
        migrations.AddField(
            model_name='suppression',
            name='erasure_request',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='suppressions', to='purge.erasurerequest'),
        ),
        migrations.AddField(
            model_name='suppression',
            name='namespace',
            field=models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace'),
        ),
        migrations.AddField(
            model_name='comeback',
            name='suppression',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='come_backs', to='purge.suppression'),
        ),
        migrations.AddConstraint(
            model_name='erasurerules',
            constraint=models.UniqueConstraint(fields=('namespace',), name='erasure_rules_are_one_row'),
        ),
        migrations.AddConstraint(
            model_name='erasurerules',
            constraint=models.CheckConstraint(condition=models.Q(('approvals_needed__in', (1, 2))), name='erasure_rules_ask_one_or_two'),
        ),
        migrations.AddConstraint(
            model_name='erasurerules',
            constraint=models.CheckConstraint(condition=models.Q(('undecided_days__gte', 1)), name='erasure_rules_leave_a_day'),
        ),
        migrations.AddIndex(
            model_name='legalhold',
            index=models.Index(fields=['namespace', 'until'], name='purge_legal_namespa_d01a7b_idx'),
        ),
        migrations.AddConstraint(
            model_name='legalhold',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('dataset__isnull', False), ('fingerprints', [])), models.Q(('dataset__isnull', True), models.Q(('fingerprints', []), _negated=True)), _connector='OR'), name='legal_hold_is_of_a_person_or_a_dataset'),
        ),
        migrations.AddConstraint(
            model_name='legalhold',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('lifted_at__isnull', True), ('lifted_by_id__isnull', True)), models.Q(('lifted_at__isnull', False), ('lifted_by_id__isnull', False)), _connector='OR'), name='legal_hold_is_lifted_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='suppression',
            constraint=models.UniqueConstraint(fields=('namespace', 'fingerprint', 'public_fingerprint'), name='suppression_is_one_value'),
        ),
        migrations.AddConstraint(
            model_name='comeback',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('suppression', 'dataset'), name='come_back_is_open_once'),
        ),
        migrations.AddConstraint(
            model_name='comeback',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'open'), ('subject', ''), _connector='OR'), name='come_back_forgets_its_subject'),
        ),
        migrations.RunSQL(WHEN_IT_EXPIRES, migrations.RunSQL.noop),
        Isolate("ErasureRules"),
        Isolate("LegalHold"),
        Isolate("Suppression"),
        Isolate("ComeBack"),
        SameNamespace("LegalHold", "dataset", "purge_dataset"),
        SameNamespace("Suppression", "erasure_request", "purge_erasurerequest"),
        SameNamespace("ComeBack", "suppression", "purge_suppression"),
        SameNamespace("ComeBack", "dataset", "purge_dataset"),
        SameNamespace("ComeBack", "erasure_request", "purge_erasurerequest"),
    ]
