"""Checking a certificate that somebody brings: whether it is ours, and as we gave it."""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from governance.audit.models import AuditEvent
from governance.kernel.refusals import Invalid
from purge.domain import signatures
from purge.domain.reports import canonical_json
from purge.models import ErasureCertificate
from purge.services import keyrings

LONGEST = 4_000_000
VISIBLE = re.compile(r"[\x21-\x7e]+")


class CertificateUnreadable(Invalid):
    code = "erasure_certificate_unreadable"
    sentence = "This is not a certificate: {why}. Paste the whole JSON file."


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    detail: str = ""


def parsed(text: str) -> dict[str, Any]:
    """The parts of a certificate from its JSON. Raises CertificateUnreadable."""
    if len(text) > LONGEST:
        raise CertificateUnreadable(why="it is too long")
    try:
        body = json.loads(text, object_pairs_hook=_once_each)
        canonical_json({"": body})
    except (ValueError, RecursionError) as error:
        raise CertificateUnreadable(why="it is not JSON") from error
    if not isinstance(body, dict) or not isinstance(body.get("document"), dict):
        raise CertificateUnreadable(why="it has no document")
    for part in ("hash", "signature", "public_key"):
        if not isinstance(body.get(part), str) or not VISIBLE.fullmatch(body[part]):
            raise CertificateUnreadable(why=f"it has no {part}")
    return body


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A name that stands there twice would show people another document than was signed."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def from_itself(body: dict[str, Any]) -> list[Check]:
    """What the paper alone shows: nothing in it was changed since it was signed."""
    signed = signatures.is_genuine(
        document=body["document"], signature=body["signature"], public_key=body["public_key"]
    )
    return [
        Check("Hash", signatures.is_hash_of(body["document"], claimed=body["hash"])),
        Check("Signature", signed, "by the key that it names"),
    ]


def public_key() -> str:
    """What others need to check certificates of the open scope's namespace, in base64."""
    return base64.b64encode(keyrings.signing_key().public_key().public_bytes_raw()).decode()


def own_key(body: dict[str, Any]) -> Check:
    return Check("Key", body["public_key"] == public_key(), "the signing key of this namespace")


def from_records(body: dict[str, Any]) -> list[Check]:
    """What only this namespace can say: its key, its list of certificates, its audit trail."""
    row = ErasureCertificate.objects.filter(hash=body["hash"], signature=body["signature"]).first()
    event = None if row is None else AuditEvent.objects.filter(pk=row.audit_event_id).first()
    return [
        own_key(body),
        Check("On record", row is not None, "as it was issued here"),
        Check(
            "Audit trail",
            event is not None and event.detail.get("sha256") == body["hash"],
            "the trail holds its hash",
        ),
    ]


def check(text: str) -> list[Check]:
    """Every check, in the order that a person reads them. Needs the namespace's scope."""
    body = parsed(text)
    return [*from_itself(body), *from_records(body)]
