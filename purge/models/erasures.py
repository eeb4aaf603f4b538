"""Erasures: the request, its reports, the decision, a step for each object, the certificate."""

from django.db import models
from django.db.models import F, Q

from governance.isolation.models import NamespacedModel
from governance.secrets.fields import SealedTextField
from purge.domain.erasure import State, is_final
from purge.domain.plans import SENTENCES, Plan
from purge.models.data_map import LakeObject

DECIDED = tuple(
    state.value
    for state in (
        State.APPROVED,
        State.PURGING,
        State.VERIFYING,
        State.COMPLETED,
        State.PARTIALLY_FAILED,
    )
)
STATES = [(state.value, state.value.replace("_", " ").capitalize()) for state in State]


class Origin(models.TextChoices):
    """Why an erasure was asked for."""

    ASKED = "asked", "Asked for"
    CAME_BACK = "came_back", "Came back after an erasure"


class ErasureRequest(NamespacedModel):
    """Somebody asked that people be forgotten. `subjects` is sealed, and emptied at the end.

    `contact` is where the person wants to hear of the outcome: sealed, and emptied once told.
    The constraints say once more, for whatever reaches the table past the services: nothing is
    approved by fewer people than it needs, nobody approves their own, two are not the same one,
    and no final state keeps a name.
    """

    state = models.CharField(max_length=20, choices=STATES, default=State.RECEIVED.value)
    subjects = SealedTextField(blank=True, editable=False)
    subject_count = models.PositiveIntegerField()
    fingerprints = models.JSONField(default=list)
    reason = models.CharField(max_length=1000)
    reference = models.CharField(max_length=200, blank=True)
    identity_proof = models.CharField(
        max_length=1000,
        blank=True,
        help_text="How it was checked that the request comes from the person. Names nobody.",
    )
    contact = SealedTextField(blank=True, editable=False)
    origin = models.CharField(max_length=12, choices=Origin, default=Origin.ASKED, editable=False)
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField(
        editable=False, help_text="Undecided then, it ends with nothing deleted."
    )
    reminded = models.JSONField(
        default=list, editable=False, help_text="The reminders sent: days before it is due."
    )
    requested_by_id = models.UUIDField(
        editable=False, help_text="The person; for a token that nobody owns, the token."
    )
    approvals_needed = models.PositiveSmallIntegerField(default=1, editable=False)
    approved_by_id = models.UUIDField(null=True, blank=True, editable=False)
    second_approved_by_id = models.UUIDField(null=True, blank=True, editable=False)
    report_hash = models.CharField(max_length=64, blank=True, editable=False)
    progress_done = models.BigIntegerField(default=0, editable=False)
    progress_total = models.BigIntegerField(default=0, editable=False)
    problems = models.JSONField(
        default=list, editable=False, help_text="What keeps it from being completed: codes, counts."
    )
    needs_new_report = models.BooleanField(default=False, editable=False)
    stop_wanted = models.BooleanField(
        default=False, editable=False, help_text="Somebody cancelled it: stop after this object."
    )
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes = (models.Index(fields=("namespace", "state", "due_at")),)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in State]),
                name="erasure_state_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=DECIDED) | Q(approved_by_id__isnull=False),
                name="erasure_is_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(approved_by_id__isnull=True) | ~Q(approved_by_id=F("requested_by_id")),
                name="erasure_is_not_approved_by_its_requester",
            ),
            models.CheckConstraint(
                condition=Q(approvals_needed__in=(1, 2)), name="erasure_needs_one_or_two_approvals"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=DECIDED)
                | Q(approvals_needed=1)
                | Q(second_approved_by_id__isnull=False),
                name="erasure_is_approved_by_as_many_as_needed",
            ),
            models.CheckConstraint(
                condition=Q(second_approved_by_id__isnull=True)
                | (
                    ~Q(second_approved_by_id=F("requested_by_id"))
                    & ~Q(second_approved_by_id=F("approved_by_id"))
                ),
                name="erasure_second_approver_is_somebody_else",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[state.value for state in State if is_final(state)])
                | Q(subjects=""),
                name="erasure_forgets_its_subjects",
            ),
        )

    def __str__(self) -> str:
        return f"erasure {self.pk}"


class ErasureReport(NamespacedModel):
    """What was found, as the officer reads it: fingerprints and masked keys, never identifiers."""

    erasure_request = models.ForeignKey(
        ErasureRequest, on_delete=models.CASCADE, related_name="reports"
    )
    document = models.JSONField()
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("erasure_request", "hash"), name="erasure_report_is_stored_once"
            ),
        )

    def __str__(self) -> str:
        return self.hash[:12]


class Verb(models.TextChoices):
    APPROVE = "approve", "Approved"
    REJECT = "reject", "Rejected"


class ErasureDecision(NamespacedModel):
    """One officer's word on one report. Void if they lost the right before it was carried out.

    `requested_by_id` is the request's own (a composite foreign key holds it to that), so that the
    table itself refuses a decision by the requester.
    """

    erasure_request = models.ForeignKey(
        ErasureRequest, on_delete=models.CASCADE, related_name="decisions"
    )
    requested_by_id = models.UUIDField(editable=False)
    decided_by_id = models.UUIDField(editable=False)
    decided_in_role = models.CharField(max_length=64, blank=True, editable=False)
    decision = models.CharField(max_length=8, choices=Verb)
    report_hash = models.CharField(max_length=64)
    reason = models.CharField(max_length=1000, blank=True)
    decided_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("erasure_request", "decided_by_id", "report_hash"),
                name="erasure_decision_counts_once",
                condition=Q(voided_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=~Q(decided_by_id=F("requested_by_id")),
                name="erasure_decision_is_not_the_requesters",
            ),
        )

    def __str__(self) -> str:
        return f"{self.decision} {self.report_hash[:12]}"


class StepState(models.TextChoices):
    """`staged`: what is about to be done is written down, and may be done already."""

    PENDING = "pending", "Waiting"
    STAGED = "staged", "Being replaced"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class ErasureStep(NamespacedModel):
    """One object of one erasure. It outlives the object's row, and says what was cut."""

    erasure_request = models.ForeignKey(
        ErasureRequest, on_delete=models.CASCADE, related_name="steps"
    )
    lake_object = models.ForeignKey(
        LakeObject, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    object_number = models.IntegerField()
    object_name = models.TextField(help_text="Layer and key, with identifiers masked.")
    plan = models.CharField(
        max_length=16,
        choices=[(plan.value, SENTENCES[plan]) for plan in Plan],
        default=Plan.SPLICE.value,
    )
    state = models.CharField(max_length=8, choices=StepState, default=StepState.PENDING)
    records = models.IntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    unclear = models.IntegerField(default=0)
    before_version = models.CharField(max_length=200, blank=True)
    after_version = models.CharField(max_length=200, blank=True)
    staged = models.JSONField(default=dict, help_text="What is being done, to go on from.")
    problem = models.CharField(max_length=64, blank=True)
    locked_until = models.CharField(max_length=40, blank=True)
    reclaim = models.TextField(blank=True, help_text="What the layer says of the freed bytes.")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("erasure_request", "object_number"), name="erasure_step_is_one_object"
            ),
        )

    def __str__(self) -> str:
        return f"object {self.object_number} {self.state}"


class CertificateKind(models.TextChoices):
    COMPLETE = "complete", "Complete"
    PARTIAL = "partial", "Partial"


class ErasureCertificate(NamespacedModel):
    """What was done, signed. Each holds the hash of the one before it in the namespace.

    A partial one says what was done so far and what remains; the complete one comes once.
    """

    erasure_request = models.ForeignKey(
        ErasureRequest, on_delete=models.PROTECT, related_name="certificates"
    )
    kind = models.CharField(max_length=8, choices=CertificateKind, default=CertificateKind.COMPLETE)
    number = models.PositiveIntegerField()
    document = models.JSONField()
    hash = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)
    public_key = models.CharField(max_length=64)
    audit_event_id = models.UUIDField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("namespace", "number"), name="erasure_certificate_number_is_unique"
            ),
            models.UniqueConstraint(
                fields=("erasure_request",),
                condition=Q(kind=CertificateKind.COMPLETE),
                name="erasure_is_certified_complete_once",
            ),
        )

    def __str__(self) -> str:
        return f"certificate {self.number}"
