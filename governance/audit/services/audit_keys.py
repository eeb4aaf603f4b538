"""The keys that seals are made with, kept for as long as there are seals.

Each is derived from a key of FIELD_KEYS. Once that is rotated away, the copy that is kept here,
sealed anew with each rotation, still verifies what it sealed.
"""

from governance.audit.models import AuditKey
from governance.isolation.scopes import system_scope
from governance.secrets import sealing

PURPOSE = "audit"


def current() -> tuple[str, bytes]:
    """The key in force by its name. Keeps a copy of every key that may have sealed something."""
    ring = sealing.key_ring()
    known = set(AuditKey.objects.values_list("key_id", flat=True))
    for key_id, _ in ring.keys:
        if key_id not in known:
            _keep(key_id)
    return ring.current[0], _derived(ring.current[0])


def of(key_id: str) -> bytes | None:
    """None for a key that is neither kept nor in FIELD_KEYS."""
    with system_scope("audit key"):  # The platform's; a namespace's trail is verified with it.
        kept = AuditKey.objects.filter(key_id=key_id).first()
    try:
        value = None if kept is None else sealing.get(kept, "key")
        return _derived(key_id) if value is None else bytes.fromhex(value.reveal())
    except sealing.SecretUnreadableError:
        return None


def _keep(key_id: str) -> None:
    row = AuditKey(key_id=key_id)
    sealing.put(row, "key", _derived(key_id).hex())
    AuditKey.objects.bulk_create([row], ignore_conflicts=True)


def _derived(key_id: str) -> bytes:
    return sealing.derived_key(purpose=PURPOSE, key_id=key_id)
