"""The data map, the erasures and the keys."""

import django.db.models.deletion
import governance.kernel.identifiers
import governance.secrets.fields
import purge.models.keys
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('tenancy', '0002_isolation'),
    ]

    operations = [
        # Short numbers that stand for long ids in the index.
        migrations.RunSQL("CREATE SEQUENCE purge_keys_number AS integer", "DROP SEQUENCE purge_keys_number"),
        migrations.RunSQL(
            "CREATE SEQUENCE purge_lakeobject_number AS integer", "DROP SEQUENCE purge_lakeobject_number"
        ),
        migrations.CreateModel(
            name='Dataset',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('prefix', models.CharField(blank=True, help_text='How the names of its objects begin.', max_length=1024)),
                ('format', models.CharField(choices=[('ndjson', 'ndjson')], default='ndjson', max_length=16)),
                ('compression', models.CharField(choices=[('none', 'None')], default='none', max_length=16)),
                ('locator', models.CharField(choices=[('row', 'By records, each with an identifier')], default='row', max_length=16)),
                ('identifiers', models.JSONField(help_text='A list such as [{"name": "customer_id", "path": "customer.id", "type": "integer"}]. Types: string, integer, uuid.')),
                ('indexed_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
            ],
        ),
        migrations.CreateModel(
            name='ErasureRequest',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('state', models.CharField(choices=[('received', 'Received'), ('locating', 'Locating'), ('awaiting_approval', 'Awaiting approval'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('purging', 'Purging'), ('verifying', 'Verifying'), ('completed', 'Completed'), ('partially_failed', 'Partially failed'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('expired', 'Expired')], default='received', max_length=20)),
                ('subjects', governance.secrets.fields.SealedTextField(blank=True, editable=False)),
                ('subject_count', models.PositiveIntegerField()),
                ('fingerprints', models.JSONField(default=list)),
                ('reason', models.CharField(max_length=1000)),
                ('reference', models.CharField(blank=True, max_length=200)),
                ('due_at', models.DateTimeField()),
                ('requested_by_id', models.UUIDField(editable=False, help_text='The person; for a token that nobody owns, the token.')),
                ('approved_by_id', models.UUIDField(blank=True, editable=False, null=True)),
                ('report_hash', models.CharField(blank=True, editable=False, max_length=64)),
                ('progress_done', models.BigIntegerField(default=0, editable=False)),
                ('progress_total', models.BigIntegerField(default=0, editable=False)),
                ('problems', models.JSONField(default=list, editable=False, help_text='What keeps it from being completed: codes, counts.')),
                ('needs_new_report', models.BooleanField(default=False, editable=False)),
                ('finished_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
            ],
        ),
        migrations.CreateModel(
            name='ErasureReport',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('document', models.JSONField()),
                ('hash', models.CharField(max_length=64)),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
                ('erasure_request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reports', to='purge.erasurerequest')),
            ],
        ),
        migrations.CreateModel(
            name='ErasureDecision',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('requested_by_id', models.UUIDField(editable=False)),
                ('decided_by_id', models.UUIDField(editable=False)),
                ('decided_in_role', models.CharField(blank=True, editable=False, max_length=64)),
                ('decision', models.CharField(choices=[('approve', 'Approved'), ('reject', 'Rejected')], max_length=8)),
                ('report_hash', models.CharField(max_length=64)),
                ('reason', models.CharField(blank=True, max_length=1000)),
                ('decided_at', models.DateTimeField()),
                ('voided_at', models.DateTimeField(blank=True, null=True)),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
                ('erasure_request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='decisions', to='purge.erasurerequest')),
            ],
        ),
        migrations.CreateModel(
            name='ErasureCertificate',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('number', models.PositiveIntegerField()),
                ('document', models.JSONField()),
                ('hash', models.CharField(max_length=64)),
                ('signature', models.CharField(max_length=128)),
                ('public_key', models.CharField(max_length=64)),
                ('audit_event_id', models.UUIDField()),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
                ('erasure_request', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='certificate', to='purge.erasurerequest')),
            ],
        ),
        migrations.CreateModel(
            name='LakeObject',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('number', models.IntegerField(db_default=purge.models.keys.NextNumber(models.Value('purge_lakeobject_number')), editable=False, unique=True)),
                ('key', models.TextField()),
                ('version', models.CharField(max_length=200)),
                ('size', models.BigIntegerField()),
                ('entries', models.IntegerField(default=0)),
                ('unreadable', models.IntegerField(default=0)),
                ('cuts', models.JSONField(default=list)),
                ('indexed_at', models.DateTimeField()),
                ('dataset', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='objects_indexed', to='purge.dataset')),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
            ],
        ),
        migrations.CreateModel(
            name='ErasureStep',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('object_number', models.IntegerField()),
                ('object_name', models.TextField(help_text='Layer and key, with identifiers masked.')),
                ('state', models.CharField(choices=[('pending', 'Waiting'), ('staged', 'Being replaced'), ('done', 'Done'), ('failed', 'Failed')], default='pending', max_length=8)),
                ('records', models.IntegerField(default=0)),
                ('bytes', models.BigIntegerField(default=0)),
                ('unclear', models.IntegerField(default=0)),
                ('before_version', models.CharField(blank=True, max_length=200)),
                ('after_version', models.CharField(blank=True, max_length=200)),
                ('staged', models.JSONField(default=dict, help_text='What is being replaced by what.')),
                ('problem', models.CharField(blank=True, max_length=64)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('erasure_request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='purge.erasurerequest')),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
                ('lake_object', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='purge.lakeobject')),
            ],
        ),
        migrations.CreateModel(
            name='PurgeKeys',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('number', models.IntegerField(db_default=purge.models.keys.NextNumber(models.Value('purge_keys_number')), editable=False, unique=True)),
                ('fingerprint_key', governance.secrets.fields.SealedTextField(editable=False)),
                ('signing_key', governance.secrets.fields.SealedTextField(editable=False)),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
            ],
            options={
                'verbose_name': 'purge keys',
                'verbose_name_plural': 'purge keys',
            },
        ),
        migrations.CreateModel(
            name='StorageLayer',
            fields=[
                ('id', models.UUIDField(default=governance.kernel.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('name', models.CharField(max_length=64)),
                ('kind', models.CharField(choices=[('filesystem', 'Filesystem')], max_length=16)),
                ('options', models.JSONField(blank=True, default=dict, help_text='For a filesystem: {"path": "folder below the namespace\'s part of the lake"}.')),
                ('credentials', governance.secrets.fields.SealedTextField(blank=True, editable=False)),
                ('namespace', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.namespace')),
            ],
        ),
        migrations.AddField(
            model_name='dataset',
            name='storage_layer',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='datasets', to='purge.storagelayer'),
        ),
        migrations.AddIndex(
            model_name='erasurerequest',
            index=models.Index(fields=['namespace', 'state', 'due_at'], name='purge_erasu_namespa_a8abbd_idx'),
        ),
        migrations.AddConstraint(
            model_name='erasurerequest',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['received', 'locating', 'awaiting_approval', 'approved', 'rejected', 'purging', 'verifying', 'completed', 'partially_failed', 'failed', 'cancelled', 'expired'])), name='erasure_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='erasurerequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ('approved', 'purging', 'verifying', 'completed', 'partially_failed')), _negated=True), ('approved_by_id__isnull', False), _connector='OR'), name='erasure_is_approved_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='erasurerequest',
            constraint=models.CheckConstraint(condition=models.Q(('approved_by_id__isnull', True), models.Q(('approved_by_id', models.F('requested_by_id')), _negated=True), _connector='OR'), name='erasure_is_not_approved_by_its_requester'),
        ),
        migrations.AddConstraint(
            model_name='erasurerequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['rejected', 'completed', 'cancelled', 'expired']), _negated=True), ('subjects', ''), _connector='OR'), name='erasure_forgets_its_subjects'),
        ),
        migrations.AddConstraint(
            model_name='erasurereport',
            constraint=models.UniqueConstraint(fields=('erasure_request', 'hash'), name='erasure_report_is_stored_once'),
        ),
        migrations.AddConstraint(
            model_name='erasuredecision',
            constraint=models.UniqueConstraint(condition=models.Q(('voided_at__isnull', True)), fields=('erasure_request', 'decided_by_id', 'report_hash'), name='erasure_decision_counts_once'),
        ),
        migrations.AddConstraint(
            model_name='erasuredecision',
            constraint=models.CheckConstraint(condition=models.Q(('decided_by_id', models.F('requested_by_id')), _negated=True), name='erasure_decision_is_not_the_requesters'),
        ),
        migrations.AddConstraint(
            model_name='erasurecertificate',
            constraint=models.UniqueConstraint(fields=('namespace', 'number'), name='erasure_certificate_number_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='lakeobject',
            constraint=models.UniqueConstraint(fields=('dataset', 'key'), name='lake_object_key_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='erasurestep',
            constraint=models.UniqueConstraint(fields=('erasure_request', 'object_number'), name='erasure_step_is_one_object'),
        ),
        migrations.AddConstraint(
            model_name='purgekeys',
            constraint=models.UniqueConstraint(fields=('namespace',), name='purge_keys_are_one_row'),
        ),
        migrations.AddConstraint(
            model_name='storagelayer',
            constraint=models.UniqueConstraint(fields=('namespace', 'name'), name='storage_layer_name_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='dataset',
            constraint=models.UniqueConstraint(fields=('storage_layer', 'prefix'), name='dataset_prefix_is_unique'),
        ),
    ]
