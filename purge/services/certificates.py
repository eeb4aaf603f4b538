"""Certificates: what was done, signed (Ed25519, RFC 8032) and chained to the one before.

Each names the audit trail's head at its time, and the trail holds its hash: neither can be
exchanged without the other. A complete one comes once; partial ones say what remains, and why.
"""

import base64
from datetime import datetime
from typing import Any
from uuid import UUID

from governance.audit import trail
from governance.audit.models import AuditSeal
from governance.kernel.actors import Actor
from governance.tenancy.models import Namespace
from purge.domain import reasons
from purge.domain.reports import canonical_json, digest
from purge.models import (
    CertificateKind,
    Dataset,
    ErasureCertificate,
    ErasureDecision,
    ErasureReport,
    ErasureRequest,
    ErasureStep,
    PurgeKeys,
    StepState,
    Verb,
)
from purge.ports import LayerKind
from purge.services import keyrings, ledger
from purge.services.certificate_statements import statements
from purge.services.verifying import Verification


def issue(
    *, request: ErasureRequest, verdict: Verification, actor: Actor, now: datetime
) -> ErasureCertificate:
    """The certificate of what was done: complete where nothing remains. Names nobody."""
    # The keys' row serialises issuing, so that numbers and the chain have no gap.
    PurgeKeys.objects.select_for_update().get(pk=keyrings.keys().pk)
    last = ErasureCertificate.objects.order_by("-number").first()
    number = 1 if last is None else last.number + 1
    kind = CertificateKind.PARTIAL if verdict.problems else CertificateKind.COMPLETE
    document = {
        "certificate": number,
        "kind": kind.value,
        "namespace": Namespace.objects.get(pk=request.namespace_id).name,
        **_asked(request),
        **_decided(request),
        **_done(request),
        "verified": _verified(verdict, now=now),
        # With these a restored database knows again whom to look out for.
        "ledger": ledger.described(request) if kind is CertificateKind.COMPLETE else [],
        "remains": [_remaining(one) for one in verdict.problems],
        "statements": statements(_kinds(request)),
        "audit": _audit_head(),
        "issued_at": now.isoformat(),
        "previous_certificate": "" if last is None else last.hash,
    }
    key = keyrings.signing_key()
    certificate_hash = digest(document)
    event = trail.record(
        actor=actor,
        action="erasure.certified",
        target=request,
        detail={"certificate": number, "kind": kind.value, "sha256": certificate_hash},
        now=now,
    )
    return ErasureCertificate.objects.create(
        erasure_request=request,
        kind=kind,
        number=number,
        document=document,
        hash=certificate_hash,
        signature=_base64(key.sign(canonical_json(document))),
        public_key=_base64(key.public_key().public_bytes_raw()),
        audit_event_id=event.pk,
    )


def body(certificate: ErasureCertificate) -> dict[str, Any]:
    """The certificate as it is handed out: what `certificate_checks.check` takes back."""
    return {
        "number": certificate.number,
        "kind": certificate.kind,
        "document": certificate.document,
        "hash": certificate.hash,
        "signature": certificate.signature,
        "public_key": certificate.public_key,
        "audit_event_id": str(certificate.audit_event_id),
    }


def _asked(request: ErasureRequest) -> dict[str, Any]:
    return {
        "erasure_request": str(request.pk),
        "reference": request.reference,
        "identity_proof": request.identity_proof,
        "subjects": request.fingerprints,
        "requested": {"at": request.created_at.isoformat(), "by": str(request.requested_by_id)},
    }


def _decided(request: ErasureRequest) -> dict[str, Any]:
    given = ErasureDecision.objects.filter(
        erasure_request=request,
        decision=Verb.APPROVE,
        voided_at__isnull=True,
        report_hash=request.report_hash,
    ).order_by("decided_at", "pk")
    return {
        "report_hash": request.report_hash,
        "approved": [
            {"at": one.decided_at.isoformat(), "by": str(one.decided_by_id)} for one in given
        ],
    }


def _done(request: ErasureRequest) -> dict[str, Any]:
    steps = list(ErasureStep.objects.filter(erasure_request=request).order_by("object_number"))
    return {
        "objects": [
            {
                "number": step.object_number,
                "name": step.object_name,
                "plan": step.plan,
                "done": step.state == StepState.DONE,
                "records": step.records,
                "bytes": step.bytes,
                "before": step.before_version,
                "after": step.after_version,
                "reclaim": step.reclaim,
                "at": None if step.finished_at is None else step.finished_at.isoformat(),
            }
            for step in steps
        ],
        "totals": {
            "objects": sum(bool(step.records) for step in steps),
            "records": sum(step.records for step in steps),
            "bytes": sum(step.bytes for step in steps),
        },
    }


def _verified(verdict: Verification, *, now: datetime) -> dict[str, Any]:
    return {
        "at": now.isoformat(),
        "objects_read": verdict.scanned,
        "records_left": 0 if not verdict.problems else None,
    }


def _remaining(problem: dict[str, Any]) -> dict[str, Any]:
    return {**problem, "why": reasons.sentence(str(problem["reason"]))}


def _kinds(request: ErasureRequest) -> set[LayerKind]:
    """The kinds of layers that hold a dataset of the report; all of them where it found none."""
    report = ErasureReport.objects.filter(erasure_request=request, hash=request.report_hash).first()
    named = (
        [] if report is None else [UUID(one["dataset_id"]) for one in report.document["objects"]]
    )
    rows = Dataset.objects.select_related("storage_layer")
    if named:
        rows = rows.filter(pk__in=named)
    return {LayerKind(row.storage_layer.kind) for row in rows}


def _audit_head() -> dict[str, Any]:
    """Where the namespace's audit trail had got to: a link of its chain."""
    seal = AuditSeal.objects.order_by("-sequence").first()
    return (
        {"sequence": 0, "hash": ""}
        if seal is None
        else {
            "sequence": seal.sequence,
            "hash": seal.hash,
        }
    )


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
