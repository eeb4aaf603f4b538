"""The report an officer decides on: what was found where, and what could not be looked at."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from purge.domain.plans import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundObject:
    """An object, or a version of one, or a table, with records of the person.

    `name` is layer and key, masked. `held` records of theirs stay for a legal hold; `named` are all
    that name them, exactly or nearly. `plan` says how it is dealt with, `detail` more in words.
    """

    number: int
    dataset_id: str
    name: str
    version: str
    size: int
    records: int
    bytes: int
    unclear: int
    held: int = 0
    held_until: str = ""
    named: int = 0
    plan: Plan = Plan.SPLICE
    detail: str = ""

    @property
    def goes_whole(self) -> bool:
        """Whatever else is in it goes with their records: an old version cannot be rewritten."""
        return self.plan is Plan.REMOVE_VERSION and self.records > 0

    @property
    def stays_unclear(self) -> int:
        """Records that are left, and keep the erasure from being completed."""
        return 0 if self.goes_whole else self.unclear


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """What could hold the person's data and cannot be read or rewritten, and why."""

    name: str
    reason: str
    until: str = ""


def document(
    *,
    request_id: str,
    located_at: datetime,
    fingerprints: Sequence[str],
    found: Sequence[FoundObject],
    unreachable: Sequence[Unreachable],
    data_map: Mapping[str, str],
) -> dict[str, Any]:
    """The report as JSON values: fingerprints and masked names, never an identifier.

    `data_map` has a digest for each dataset of its objects: how it was described.
    """
    objects = sorted(found, key=lambda one: one.number)
    return {
        "erasure_request": request_id,
        "located_at": located_at.isoformat(),
        "subjects": list(fingerprints),
        "data_map": dict(data_map),
        "objects": [asdict(one) for one in objects],
        "unreachable": [asdict(one) for one in unreachable],
        "totals": {
            "objects": sum(bool(one.records) for one in objects),
            "records": sum(one.records for one in objects),
            "bytes": sum(one.bytes for one in objects),
            "unclear": sum(one.stays_unclear for one in objects),
            "held": sum(one.held for one in objects),
            "unreachable": len(unreachable),
        },
    }


def canonical_json(value: Mapping[str, object]) -> bytes:
    """One way to write it, so that the same content has the same hash."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: Mapping[str, object]) -> str:
    return hashlib.sha256(canonical_json(value)).hexdigest()
