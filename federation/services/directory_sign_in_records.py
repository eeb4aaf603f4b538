"""What is kept of a refused sign-in: the reason, and a fingerprint of the account."""

import hashlib
import hmac
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog

from federation.domain.directories import Reason
from governance.audit import trail
from governance.isolation.scopes import namespace_scope
from governance.secrets import sealing
from governance.tenancy.services import actors

log = structlog.get_logger(__name__)

# These say nothing new about the account and may come in floods.
NOT_KEPT = frozenset({Reason.TOO_MANY_FAILURES, Reason.REPEATED_PASSWORD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A sign-in that was refused. `account` is a fingerprint."""

    namespace_id: UUID
    directory_id: UUID
    account: str
    network: str
    reason: Reason


def fingerprint(directory_id: UUID, text: str) -> str:
    """Names an account or password of a directory to whoever holds our keys, and to nobody else."""
    key = sealing.derived_key(purpose="directory-sign-ins")
    return hmac.new(key, f"{directory_id}\0{text}".encode(), hashlib.sha256).hexdigest()[:32]


def keep(*, refused: Refused, now: datetime) -> None:
    """Write it to the trail, in a scope of its own: the refusal has undone every other."""
    directory_id = str(refused.directory_id)
    log.info("directory_sign_in_refused", reason=refused.reason.value, directory=directory_id)
    if refused.reason in NOT_KEPT:
        return
    with namespace_scope(refused.namespace_id):
        trail.record(
            actor=replace(actors.system(refused.namespace_id), network=refused.network),
            action="directory_sign_in.refused",
            detail={
                "directory_id": directory_id,
                "reason": refused.reason.value,
                "account": refused.account,
            },
            now=now,
        )
