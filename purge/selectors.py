"""What erasure reads: officers, people, the data map. All in the scope that is open."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.db.models import F, Prefetch, QuerySet

from governance.audit.models import AuditEvent
from governance.kernel.actions import Action
from governance.kernel.permissions import allows
from governance.kernel.policies import Policy
from governance.kernel.policies.statements import Effect
from governance.secrets import sealing
from governance.tenancy.models import Namespace, Role, User
from governance.tenancy.services import actors
from purge.domain.identifiers import Identifier, identifiers_of
from purge.domain.people import Person
from purge.models import (
    Dataset,
    ErasureCertificate,
    ErasureDecision,
    ErasureReport,
    ErasureRequest,
    PurgeKeys,
    StorageLayer,
    Verb,
)
from purge.ports import LayerDescription, LayerKind

# Made by hand. What an identity provider brings (user.enrolled) is its word, not the requester's.
MADE = ("user.created", "user.password_set")
GAVE_A_ROLE = "user.role_given"
GENERATIONS = 8


def in_lists(erasures: QuerySet[ErasureRequest]) -> QuerySet[ErasureRequest]:
    """Each with what a list tells of it. Reports and certificates name each object: they stay."""
    reports = ErasureReport.objects.defer("document").annotate(totals=F("document__totals"))
    certificates = ErasureCertificate.objects.defer("document")
    return erasures.prefetch_related(
        Prefetch("reports", queryset=reports), Prefetch("certificates", queryset=certificates)
    )


def totals_of(request: ErasureRequest) -> dict[str, int] | None:
    """Those of the report in force."""
    for one in request.reports.all():
        if one.hash == request.report_hash:
            return dict(getattr(one, "totals", None) or one.document["totals"])
    return None


def person(user_id: UUID) -> Person:
    """An account and its human's names. One that is not of this namespace has only its id."""
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        return Person(user_id=user_id, names=frozenset())
    subjects = user.identities.values_list("subject", flat=True)
    return Person(user_id=user.pk, names=frozenset({user.email, *subjects}))


def may_approve(user: User) -> bool:
    """Whether any role that the person has now lets them decide on erasures."""
    actor = actors.for_user(user=user, role=None)
    return allows(actor=actor, action=Action.APPROVE_ERASURE)


def may_still_approve(user_id: UUID) -> bool:
    """Whether somebody who approved may still: active, and with a role that lets them."""
    officer = User.objects.filter(pk=user_id, is_active=True).first()
    return officer is not None and may_approve(officer)


def approval_holds(request: ErasureRequest) -> bool:
    """Whether all who approved may still approve. Asked again whenever work begins."""
    approvers = [request.approved_by_id, request.second_approved_by_id]
    given = [one for one in approvers[: request.approvals_needed] if one is not None]
    return len(given) == request.approvals_needed and all(map(may_still_approve, given))


def report_of(request: ErasureRequest) -> ErasureReport:
    """The report in force. There is one from the first decision on."""
    return ErasureReport.objects.get(erasure_request=request, hash=request.report_hash)


def approvals(request: ErasureRequest) -> list[ErasureDecision]:
    """The approvals of the report in force that count, oldest first."""
    return list(
        ErasureDecision.objects.filter(
            erasure_request=request,
            decision=Verb.APPROVE,
            report_hash=request.report_hash,
            voided_at__isnull=True,
        ).order_by("decided_at", "pk")
    )


def made_by(makers: Iterable[UUID]) -> frozenset[UUID]:
    """Accounts that these people made, or whose password or right to decide they gave by hand.

    And those that such accounts made in turn. The audit trail shows it, which nobody can edit.
    """
    made: set[UUID] = set()
    frontier = set(makers)
    for _ in range(GENERATIONS):
        events = AuditEvent.objects.filter(
            actor_id__in=frontier, action__in=(*MADE, GAVE_A_ROLE), target_id__isnull=False
        ).values_list("actor_id", "action", "target_id", "detail")
        found = {
            target
            for maker, action, target, detail in events
            if target is not None
            and target != maker
            and (action in MADE or _lets_decide(detail.get("role_id")))
        }
        frontier = found - made
        if not frontier:
            break
        made |= found
    return frozenset(made)


def _lets_decide(role_id: object) -> bool:
    """Whether a role lets people decide now. One that is gone may have: that counts as yes."""
    role = Role.objects.filter(pk=str(role_id)).first()
    if role is None:
        return True
    parsed = [Policy.parse(name=one.name, document=one.document) for one in role.policies.all()]
    return any(
        statement.effect is Effect.ALLOW
        for policy in parsed
        for statement in policy.statements_on(Action.APPROVE_ERASURE.lower())
    )


def deciders(request: ErasureRequest) -> Iterator[User]:
    """Officers who may decide on it now: not its requester, nor whoever approved already."""
    before = [request.requested_by_id, *(one.decided_by_id for one in approvals(request))]
    known = [person(one) for one in before]
    made = made_by(before)
    for officer in officers():
        them = person(officer.pk)
        if officer.pk not in made and not any(them.may_be(other) for other in known):
            yield officer


def certificate_of(request: ErasureRequest) -> ErasureCertificate | None:
    """The newest certificate: the complete one, once there is one."""
    return ErasureCertificate.objects.filter(erasure_request=request).order_by("-number").first()


def officers() -> Iterator[User]:
    """Active people who may decide on erasures in this namespace."""
    for user in User.objects.filter(is_active=True, bindings__isnull=False).distinct():
        if may_approve(user):
            yield user


def known_identifiers() -> list[Identifier]:
    return [
        identifier
        for dataset in Dataset.objects.all()
        for identifier in identifiers_of(dataset.identifiers)
    ]


def description(layer: StorageLayer) -> LayerDescription:
    """What the layer's adapter needs to know."""
    return LayerDescription(
        kind=LayerKind(layer.kind),
        namespace_name=Namespace.objects.get(pk=layer.namespace_id).name,
        options=layer.options,
        credentials=sealing.get(layer, "credentials"),
    )


def fingerprint_key() -> bytes | None:
    """The namespace's key of fingerprints; None before anything was indexed."""
    keys = PurgeKeys.objects.first()
    if keys is None:
        return None
    sealed = sealing.get(keys, "fingerprint_key")
    return None if sealed is None else bytes.fromhex(sealed.reveal())
