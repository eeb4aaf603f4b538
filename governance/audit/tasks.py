"""Celery's entrance to the audit: the sealer, rung every second."""

from celery import shared_task

from governance.audit.job_names import SEAL
from governance.audit.services import chains
from governance.isolation.scopes import system_scope


@shared_task(name=SEAL)
def seal() -> None:
    """Seal what is new. Twice at once is safe: sealers take turns by a lock."""
    with system_scope("audit sealer"):
        chains.seal_pending()
