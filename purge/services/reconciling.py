"""After a backup was put back: knowing again who was erased, and finding who is back with it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from governance.audit import trail
from governance.kernel.refusals import Invalid
from governance.tenancy.services import actors
from purge.domain.erasure import NEXT, State
from purge.domain.locators import Locator
from purge.models import (
    CertificateKind,
    Dataset,
    ErasureRequest,
    LakeObject,
    Return,
    ReturnState,
)
from purge.ports import Format, Lake, ObjectUnreachable, Work
from purge.services import certificate_checks, findings, indexing, ledger, query_traces
from purge.services.findings import Search
from purge.services.indexing import Clock, Refreshed
from purge.services.transitions import move


class CertificateTeachesNothing(Invalid):
    code = "erasure_certificate_teaches_nothing"
    sentence = (
        "Certificate {number} is genuine, but of a release that wrote no fingerprints into it: it "
        "cannot tell who was erased. Leave its file out, and ask again for that erasure."
    )


@dataclass(frozen=True, slots=True)
class Looked:
    """One dataset, read again where it changed. `back`: erased people who are there."""

    name: str
    objects: int
    read: int
    back: int
    unreachable: int


def learn(*, certificates: Iterable[str], namespace_id: UUID, now: datetime) -> int:
    """Fill the ledger from certificates that outlived the database. Needs the scope. How many.

    Only what this namespace's own key signed is believed; the rest is refused by name.
    """
    learned = 0
    for text in certificates:
        body = certificate_checks.parsed(text)
        checks = [*certificate_checks.from_itself(body), certificate_checks.own_key(body)]
        wrong = [one.name for one in checks if not one.ok]
        if wrong:
            raise certificate_checks.CertificateUnreadable(why=f"wrong: {', '.join(wrong)}")
        document = body["document"]
        if document["kind"] == CertificateKind.COMPLETE:
            request_id = UUID(document["erasure_request"])
            learned += ledger.remember_again(
                entries=_entries(document, request_id),
                erased_at=datetime.fromisoformat(document["issued_at"]),
                request_id=request_id,
            )
            _end(request_id, now=now)
    trail.record(
        actor=actors.system(namespace_id),
        action="erasures.reconciled",
        detail={"learned": learned},
        now=now,
    )
    return learned


def _entries(document: Mapping[str, Any], request_id: UUID) -> Sequence[Mapping[str, Any]]:
    """Who was erased: as the certificate says, or as the restored request still does."""
    if "ledger" in document:
        return cast("Sequence[Mapping[str, Any]]", document["ledger"])
    request = ErasureRequest.objects.filter(pk=request_id).first()
    if request is None or not request.subjects:
        raise CertificateTeachesNothing(number=document["certificate"])
    return ledger.described(request)


def _end(request_id: UUID, *, now: datetime) -> None:
    """A restored database may know the erasure as open, with its people and what they left."""
    request = ErasureRequest.objects.select_for_update().filter(pk=request_id).first()
    if request is not None and State.CANCELLED in NEXT[State(request.state)]:
        actor = actors.system(request.namespace_id)
        query_traces.forget(request=request, actor=actor, now=now)
        request.contact = ""
        move(request, State.CANCELLED, actor=actor, now=now)


def not_compared(*, work: Work) -> list[str]:
    """Tables of engines: nobody reads their rows to compare them with the ledger."""
    with work.scope():
        rows = Dataset.objects.select_related("storage_layer").filter(format=Format.TABLE)
        return [str(row) for row in rows.order_by("pk")]


def look(*, work: Work, lake: Lake, clock: Clock) -> Iterator[Looked]:
    """Read every dataset again where it changed: who is back is flagged, or asked for again."""
    with work.scope():
        rows = Dataset.objects.select_related("storage_layer").exclude(format=Format.TABLE)
        datasets = [(row.pk, str(row)) for row in rows.order_by("pk")]
    for dataset_id, name in datasets:
        done = indexing.refresh(dataset_id=dataset_id, work=work, lake=lake, clock=clock)
        _scan(dataset_id, done, work=work, lake=lake, clock=clock)
        with work.scope():
            back = Return.objects.filter(dataset_id=dataset_id, state=ReturnState.OPEN).count()
        yield Looked(name, done.objects, done.read, back, len(done.unreachable))


def _scan(dataset_id: UUID, done: Refreshed, *, work: Work, lake: Lake, clock: Clock) -> None:
    """What no index covers is read whole: finding nobody meets everybody."""
    with work.scope():
        row = Dataset.objects.select_related("storage_layer").get(pk=dataset_id)
        if row.locator != Locator.SCAN:
            return
        dataset = indexing.opened(row, lake=lake)
        objects = list(LakeObject.objects.filter(dataset=row).order_by("key", "-current"))
    search = Search(dataset, frozenset())
    done.read = 0
    for position, one in enumerate(objects, 1):
        try:
            findings.find(search=search, row=one, work=work, lake=lake, clock=clock)
        except ObjectUnreachable as refusal:
            done.unreachable.append(indexing.unreachable(f"{dataset.name}/{one.key}", refusal))
        else:
            done.read += 1
        work.progress(done=position, total=len(objects))
