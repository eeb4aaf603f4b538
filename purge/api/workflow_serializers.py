"""Shapes of what stands around an erasure: rules, legal holds, returns, decisions in bulk."""

from typing import Any, ClassVar

from rest_framework import serializers

from governance.restapi.serializers import (
    ModelIn,
    ModelOut,
    ScopedRelatedField,
    StrictSerializer,
)
from purge.models import Dataset, ErasureRules, LegalHold, Return

MOST_AT_ONCE = 200


class ErasureRulesIn(ModelIn):
    class Meta:
        model = ErasureRules
        fields = ("approvals_needed", "undecided_days", "came_back")


class ErasureRulesOut(ModelOut):
    class Meta:
        model = ErasureRules
        fields = (*ModelOut.BASE, *ErasureRulesIn.Meta.fields)


class LegalHoldIn(StrictSerializer):
    """Either a subject or a dataset."""

    subject = serializers.DictField(
        required=False, help_text='A person, by one or more identifiers: {"customer_id": 7}.'
    )
    dataset = ScopedRelatedField(model=Dataset, required=False)
    reason = serializers.CharField(max_length=1000)
    until = serializers.DateTimeField()


class LegalHoldOut(ModelOut):
    """`subject` are fingerprints: who is on hold is shown to nobody."""

    subject = serializers.ListField(child=serializers.CharField(), source="fingerprints")
    dataset = ScopedRelatedField(model=Dataset, read_only=True)

    class Meta:
        model = LegalHold
        fields = (
            *ModelOut.BASE,
            "subject",
            "dataset",
            "reason",
            "until",
            "placed_by_id",
            "lifted_at",
            "lifted_by_id",
            "lifted_because",
        )


class LiftIn(StrictSerializer):
    reason = serializers.CharField(max_length=1000)


class ReturnOut(ModelOut):
    """`subject` is the fingerprint that was erased and is back."""

    subject = serializers.CharField(source="suppression.public_fingerprint")
    erased_at = serializers.DateTimeField(source="suppression.erased_at")
    dataset = ScopedRelatedField(model=Dataset, read_only=True)
    erasure_request = serializers.UUIDField(source="erasure_request_id", allow_null=True)

    class Meta:
        model = Return
        fields = (
            *ModelOut.BASE,
            "subject",
            "erased_at",
            "dataset",
            "state",
            "seen_at",
            "erasure_request",
        )
        read_only_fields: ClassVar[tuple[str, ...]] = fields


class LetBackIn(StrictSerializer):
    subject = serializers.DictField(
        help_text='Who was erased, by one of their identifiers: {"customer_id": 7}.'
    )
    reason = serializers.CharField(max_length=1000)


class LetBackOut(serializers.Serializer[Any]):
    identifiers = serializers.IntegerField(help_text="By how many they were looked out for.")


class ApprovalIn(StrictSerializer):
    id = serializers.UUIDField()
    report_hash = serializers.CharField(max_length=64)


class ApproveManyIn(StrictSerializer):
    approvals = serializers.ListField(
        child=ApprovalIn(), allow_empty=False, max_length=MOST_AT_ONCE
    )


class RejectManyIn(StrictSerializer):
    ids = serializers.ListField(
        child=serializers.UUIDField(), allow_empty=False, max_length=MOST_AT_ONCE
    )
    reason = serializers.CharField(max_length=1000)


class RetryManyIn(StrictSerializer):
    ids = serializers.ListField(
        child=serializers.UUIDField(), allow_empty=False, max_length=MOST_AT_ONCE
    )


class AnswerOut(serializers.Serializer[Any]):
    """What became of one: `code` is empty where it was done."""

    id = serializers.UUIDField(source="request_id")
    state = serializers.CharField(allow_blank=True)
    code = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(source="sentence", allow_blank=True)


class AnswersOut(serializers.Serializer[Any]):
    results = AnswerOut(many=True)
