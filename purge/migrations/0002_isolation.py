"""The database's own wall around erasure, and what a decision must always satisfy."""

from django.db import migrations

from governance.isolation.operations import AppendOnly, Isolate, SameNamespace

TABLES = (
    "PurgeKeys",
    "StorageLayer",
    "Dataset",
    "LakeObject",
    "ErasureRequest",
    "ErasureReport",
    "ErasureDecision",
    "ErasureStep",
    "ErasureCertificate",
)

# A decision carries its request's own requester, so that its check constraint means something.
SAME_REQUESTER = """
ALTER TABLE purge_erasurerequest
  ADD CONSTRAINT purge_erasurerequest_requester_key UNIQUE (id, requested_by_id);
ALTER TABLE purge_erasuredecision
  ADD CONSTRAINT purge_erasuredecision_same_requester
  FOREIGN KEY (erasure_request_id, requested_by_id)
  REFERENCES purge_erasurerequest (id, requested_by_id) DEFERRABLE INITIALLY DEFERRED;
"""
ANY_REQUESTER = """
ALTER TABLE purge_erasuredecision DROP CONSTRAINT purge_erasuredecision_same_requester;
ALTER TABLE purge_erasurerequest DROP CONSTRAINT purge_erasurerequest_requester_key;
"""


class Migration(migrations.Migration):
    dependencies = [("purge", "0001_initial"), ("isolation", "0001_grants")]
    operations = [
        *[Isolate(table) for table in TABLES],
        SameNamespace("Dataset", "storage_layer", "purge_storagelayer"),
        SameNamespace("LakeObject", "dataset", "purge_dataset"),
        SameNamespace("ErasureReport", "erasure_request", "purge_erasurerequest"),
        SameNamespace("ErasureDecision", "erasure_request", "purge_erasurerequest"),
        SameNamespace("ErasureStep", "erasure_request", "purge_erasurerequest"),
        SameNamespace("ErasureStep", "lake_object", "purge_lakeobject"),
        SameNamespace("ErasureCertificate", "erasure_request", "purge_erasurerequest"),
        AppendOnly("ErasureCertificate"),
        migrations.RunSQL(SAME_REQUESTER, ANY_REQUESTER),
    ]
