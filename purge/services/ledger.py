"""The ledger of who was erased: written at the end of an erasure, looked at while objects are read.

It holds keyed fingerprints. Indexing computes the fingerprint of every identifier as it arrives, so
that comparing costs one look into a set. `returns.py` notes who was met, `suppression.py` says
what happens then.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from governance.isolation.scopes import current_namespace_id
from purge import selectors
from purge.domain import accounts
from purge.domain.identifiers import (
    IdentifierType,
    Wanted,
    fingerprint,
    public_fingerprint,
    wanted_in,
)
from purge.models import ErasureRequest, Suppression
from purge.services import keyrings, subjects


def fingerprints() -> frozenset[int]:
    """Whom to look out for. Needs the scope."""
    rows = Suppression.objects.filter(lifted_at__isnull=True)
    return frozenset(rows.values_list("fingerprint", flat=True))


def same_person(known: Suppression) -> QuerySet[Suppression]:
    """All that the ledger has of the person whose identifier this is."""
    if known.person is None:
        return Suppression.objects.filter(pk=known.pk)
    return Suppression.objects.filter(
        erasure_request_id=known.erasure_request_id,
        erased_at=known.erased_at,
        person=known.person,
    )


def described(request: ErasureRequest) -> list[dict[str, object]]:
    """The request's people as the ledger has them, for its certificate to carry."""
    key = keyrings.fingerprint_key()
    found: list[dict[str, object]] = [
        {
            "subject": public(one, key=key),
            "fingerprint": str(_print(one, key=key)),
            "account": _account(one, key=key),
            "person": person,
        }
        for person, one in _people(request)
    ]
    return sorted(found, key=lambda one: str(one["subject"]))


def remember_again(
    *, entries: Sequence[Mapping[str, Any]], erased_at: datetime, request_id: UUID
) -> int:
    """Write what a genuine certificate says into the ledger of a restored database. How many."""
    request = ErasureRequest.objects.filter(pk=request_id).first()
    rows = [
        Suppression(
            namespace_id=current_namespace_id(),
            fingerprint=int(one["fingerprint"]),
            public_fingerprint=one["subject"],
            account_fingerprint=one.get("account", ""),
            person=one.get("person"),
            erasure_request=request,
            erased_at=erased_at,
        )
        for one in entries
    ]
    before = Suppression.objects.count()
    Suppression.objects.bulk_create(rows, ignore_conflicts=True)
    return Suppression.objects.count() - before


def remember(*, request: ErasureRequest, now: datetime) -> None:
    """Write a completed erasure's people into the ledger, before they are destroyed.

    Somebody whom a person let back in, and who was erased again, is looked out for again.
    """
    key = keyrings.fingerprint_key()
    for person, one in _people(request):
        Suppression.objects.update_or_create(
            fingerprint=_print(one, key=key),
            public_fingerprint=public(one, key=key),
            defaults={
                "account_fingerprint": _account(one, key=key),
                "erasure_request": request,
                "person": person,
                "erased_at": now,
                "lifted_at": None,
            },
        )


def public(one: Wanted, *, key: bytes) -> str:
    """As reports, certificates and the audit trail name an identifier."""
    return f"{one.name}:{public_fingerprint(key=key, wanted=one)}"


def _people(request: ErasureRequest) -> list[tuple[int, Wanted]]:
    """Every identifier of each of them, with a number that tells them apart."""
    identifiers = selectors.known_identifiers()
    return [
        (number, one)
        for number, person in enumerate(subjects.of(request))
        for one in wanted_in([person], identifiers=identifiers)
    ]


def _print(one: Wanted, *, key: bytes) -> int:
    return fingerprint(key=key, name=one.name, kind=one.type, value=one.value)


def _account(one: Wanted, *, key: bytes) -> str:
    """Of a composite there is none: its parts together are nobody's account."""
    is_composite = one.type is IdentifierType.COMPOSITE
    return "" if is_composite else accounts.fingerprint(one.value, key=key)
