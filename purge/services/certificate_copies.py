"""Copies of certificates outside of the database, from which a restored one learns.

They name nobody, and carry the fingerprints of who was erased. One that is missing is written
again whenever its erasure is told of.
"""

import json
import os
import tempfile
from pathlib import Path
from uuid import UUID

from django.conf import settings

from purge.models import ErasureCertificate
from purge.services import certificates


def folder(namespace_id: UUID) -> Path:
    return Path(settings.DATA_DIR) / "certificates" / str(namespace_id)


def keep(*, request_id: UUID) -> None:
    """Write down what is not there yet of an erasure's certificates. Needs the scope."""
    for one in ErasureCertificate.objects.filter(erasure_request_id=request_id):
        file = folder(one.namespace_id) / f"erasure-{one.number}-{one.hash[:12]}.json"
        if not file.exists():
            _write(file, json.dumps(certificates.body(one), indent=2, ensure_ascii=False))


def kept(namespace_id: UUID) -> list[Path]:
    return sorted(folder(namespace_id).glob("erasure-*.json"))


def _write(file: Path, text: str) -> None:
    """Whole or not at all."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".")
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    Path(name).replace(file)
