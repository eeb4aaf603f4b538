"""Certificates: what was done, signed (Ed25519, RFC 8032) and chained to the one before."""

import base64
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from governance.audit import trail
from governance.kernel.actors import Actor
from governance.tenancy.models import Namespace
from purge.domain.reports import canonical_json, digest
from purge.models import (
    ErasureCertificate,
    ErasureDecision,
    ErasureRequest,
    ErasureStep,
    PurgeKeys,
    Verb,
)
from purge.services import keyrings
from purge.services.verifying import Verification

STATEMENT = {
    "deletion": "Each record was cut out of its object, and a new version put in its place.",
    "previous_versions": "None are kept by this storage layer.",
    "physical_reclaim": "The freed blocks are the file system's to overwrite; backups made before "
    "this certificate are not covered by it.",
}


def issue(
    *, request: ErasureRequest, verdict: Verification, actor: Actor, now: datetime
) -> ErasureCertificate:
    """The certificate of a completed erasure, once. Names nobody: fingerprints and ids."""
    # The keys' row serialises issuing, so that numbers and the chain have no gap.
    PurgeKeys.objects.select_for_update().get(pk=keyrings.keys().pk)
    last = ErasureCertificate.objects.order_by("-number").first()
    number = 1 if last is None else last.number + 1
    document = _document(
        request, verdict, number=number, previous="" if last is None else last.hash, now=now
    )
    key = keyrings.signing_key()
    certificate_hash = digest(document)
    event = trail.record(
        actor=actor,
        action="erasure.certified",
        target=request,
        detail={"certificate": number, "sha256": certificate_hash},
        now=now,
    )
    return ErasureCertificate.objects.create(
        erasure_request=request,
        number=number,
        document=document,
        hash=certificate_hash,
        signature=_text(key.sign(canonical_json(document))),
        public_key=_text(key.public_key().public_bytes_raw()),
        audit_event_id=event.pk,
    )


def is_genuine(*, document: dict[str, Any], signature: str, public_key: str) -> bool:
    """Whether this very document was signed with the key that belongs to `public_key`."""
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key)).verify(
            base64.b64decode(signature), canonical_json(document)
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _document(
    request: ErasureRequest,
    verdict: Verification,
    *,
    number: int,
    previous: str,
    now: datetime,
) -> dict[str, Any]:
    decision = ErasureDecision.objects.get(
        erasure_request=request,
        decision=Verb.APPROVE,
        voided_at__isnull=True,
        report_hash=request.report_hash,
    )
    steps = ErasureStep.objects.filter(erasure_request=request).order_by("object_number")
    return {
        "certificate": number,
        "namespace": Namespace.objects.get(pk=request.namespace_id).name,
        "erasure_request": str(request.pk),
        "reference": request.reference,
        "subjects": request.fingerprints,
        "requested": {"at": request.created_at.isoformat(), "by": str(request.requested_by_id)},
        "approved": {
            "at": decision.decided_at.isoformat(),
            "by": str(decision.decided_by_id),
            "report_hash": decision.report_hash,
        },
        "objects": [
            {
                "number": step.object_number,
                "name": step.object_name,
                "records": step.records,
                "bytes": step.bytes,
                "before": step.before_version,
                "after": step.after_version,
                "at": None if step.finished_at is None else step.finished_at.isoformat(),
            }
            for step in steps
        ],
        "totals": {
            "objects": sum(bool(step.records) for step in steps),
            "records": sum(step.records for step in steps),
            "bytes": sum(step.bytes for step in steps),
        },
        "verified": {"at": now.isoformat(), "objects_read": verdict.scanned, "records_left": 0},
        "statement": STATEMENT,
        "issued_at": now.isoformat(),
        "previous_certificate": previous,
    }
