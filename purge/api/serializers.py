"""Shapes of the data map and of erasures."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.restapi.serializers import (
    ModelIn,
    ModelOut,
    ScopedRelatedField,
    SecretField,
    StrictSerializer,
)
from purge import selectors
from purge.models import Dataset, ErasureCertificate, ErasureReport, ErasureRequest, StorageLayer

MOST_SUBJECTS = 1000


class StorageLayerIn(ModelIn):
    options = serializers.DictField(required=False)
    credentials = SecretField(required=False)

    class Meta:
        model = StorageLayer
        fields = ("name", "kind", "options", "credentials")


class StorageLayerOut(ModelOut):
    options = serializers.DictField()
    credentials = SecretField()

    class Meta:
        model = StorageLayer
        fields = (*ModelOut.BASE, *StorageLayerIn.Meta.fields)


class ProbeStepOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    ok = serializers.BooleanField()
    detail = serializers.CharField()
    milliseconds = serializers.IntegerField()


class ProbeOut(serializers.Serializer[Any]):
    """How each step of trying the layer went."""

    steps = ProbeStepOut(many=True)


class IdentifierField(StrictSerializer):
    """What identifies a person: a name that requests use, and where its value lies."""

    name = serializers.CharField(max_length=64)
    path = serializers.CharField(required=False, max_length=1024)
    column = serializers.CharField(required=False, max_length=1024)
    columns = serializers.ListField(
        child=serializers.JSONField(),
        required=False,
        max_length=8,
        help_text="Columns that name a person together: names, or objects of column and type.",
    )
    pattern = serializers.CharField(
        required=False,
        max_length=1024,
        help_text="A regular expression (RE2) with one group, for what an object is called.",
    )
    type = serializers.ChoiceField(choices=["string", "integer", "uuid"], required=False)


class DatasetIn(ModelIn):
    storage_layer = ScopedRelatedField(model=StorageLayer)
    identifiers = IdentifierField(many=True, allow_empty=False)

    class Meta:
        model = Dataset
        fields = ("storage_layer", "prefix", "format", "compression", "locator", "identifiers")
        extra_kwargs: ClassVar[dict[str, Any]] = {"prefix": {"trim_whitespace": False}}


class DatasetOut(ModelOut):
    identifiers = serializers.ListField(child=serializers.DictField())

    class Meta:
        model = Dataset
        fields = (*ModelOut.BASE, *DatasetIn.Meta.fields, "indexed_at")


class ErasureRequestIn(StrictSerializer):
    subjects = serializers.ListField(
        child=serializers.DictField(),
        allow_empty=False,
        max_length=MOST_SUBJECTS,
        help_text='People, each by one or more identifiers: [{"customer_id": 7}].',
    )
    reason = serializers.CharField(max_length=1000)
    due_at = serializers.DateTimeField(required=False, help_text="One month from now if absent.")
    reference = serializers.CharField(required=False, max_length=200, default="", allow_blank=True)
    identity_proof = serializers.CharField(
        required=False,
        max_length=1000,
        default="",
        allow_blank=True,
        help_text="How it was checked that the request comes from the person. Names nobody.",
    )
    contact = serializers.CharField(
        required=False,
        max_length=254,
        default="",
        allow_blank=True,
        help_text="An email address of the person, who hears of the outcome. Kept until then.",
    )


class ProgressOut(serializers.Serializer[Any]):
    done = serializers.IntegerField()
    total = serializers.IntegerField()


class ReportOut(serializers.ModelSerializer[ErasureReport]):
    """What was found. `hash` is what an approval names."""

    document = serializers.DictField()

    class Meta:
        model = ErasureReport
        fields = ("hash", "created_at", "document")
        read_only_fields = fields


class ErasureRequestOut(ModelOut):
    """`subjects` are fingerprints: who it is about is shown to nobody here."""

    subjects = serializers.ListField(child=serializers.CharField(), source="fingerprints")
    report = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()
    certificate = serializers.SerializerMethodField()
    problems = serializers.ListField(child=serializers.DictField())

    class Meta:
        model = ErasureRequest
        fields = (
            *ModelOut.BASE,
            "state",
            "subjects",
            "subject_count",
            "reason",
            "reference",
            "identity_proof",
            "origin",
            "due_at",
            "expires_at",
            "requested_by_id",
            "approvals_needed",
            "approved_by_id",
            "second_approved_by_id",
            "report",
            "report_hash",
            "progress",
            "problems",
            "certificate",
            "finished_at",
        )

    @extend_schema_field(serializers.DictField(allow_null=True))
    def get_report(self, row: ErasureRequest) -> dict[str, int] | None:
        """The totals of the report in force; the whole is at `report/`."""
        return selectors.totals_of(row)

    @extend_schema_field(ProgressOut)
    def get_progress(self, row: ErasureRequest) -> dict[str, int]:
        return {"done": row.progress_done, "total": row.progress_total}

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_certificate(self, row: ErasureRequest) -> int | None:
        """The number of the newest certificate."""
        return max((one.number for one in row.certificates.all()), default=None)


class ApproveIn(StrictSerializer):
    report_hash = serializers.CharField(max_length=64)


class RejectIn(StrictSerializer):
    reason = serializers.CharField(max_length=1000)


class CertificateOut(serializers.ModelSerializer[ErasureCertificate]):
    """`signature` is Ed25519 over the document as JSON with sorted keys and no spaces."""

    document = serializers.DictField()

    class Meta:
        model = ErasureCertificate
        fields = ("number", "kind", "document", "hash", "signature", "public_key", "audit_event_id")
        read_only_fields = fields
