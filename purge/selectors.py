"""What erasure reads: officers, people, the data map. All in the scope that is open."""

from collections.abc import Iterator
from uuid import UUID

from governance.kernel.actions import Action
from governance.kernel.permissions import allows
from governance.secrets import sealing
from governance.tenancy.models import Namespace, User
from governance.tenancy.services import actors
from purge.domain.identifiers import Identifier, identifiers_of
from purge.domain.people import Person
from purge.models import Dataset, ErasureRequest, PurgeKeys, StorageLayer
from purge.ports import LayerDescription, LayerKind


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


def approval_holds(request: ErasureRequest) -> bool:
    """Whether whoever approved may still approve. Asked again whenever work begins."""
    if request.approved_by_id is None:
        return False
    officer = User.objects.filter(pk=request.approved_by_id, is_active=True).first()
    return officer is not None and may_approve(officer)


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
