"""Celery's entrance to federation, through the outbox."""

from uuid import UUID

from django.utils import timezone

from federation import job_names, wiring
from federation.models import IdentityProvider
from federation.services import housekeeping, metadata_refreshes
from governance.isolation.scopes import namespace_scope
from governance.outbox.registry import JobRun, job
from governance.outbox.services import messages


@job(job_names.KEEP_HOUSE)
def keep_house(run: JobRun) -> None:
    """Write one job a namespace. Twice is safe: each job has its key."""
    with run.scope():
        namespaces = housekeeping.namespaces_with_work()
    for namespace_id in namespaces:
        with namespace_scope(namespace_id):
            messages.enqueue_job(
                name=job_names.KEEP_HOUSE_OF_NAMESPACE, key=f"keep_house:{run.message_id}"
            )


@job(job_names.KEEP_HOUSE_OF_NAMESPACE)
def keep_house_of_namespace(run: JobRun) -> None:
    """Write the refreshes that are due and the warnings. Twice is safe: both have their keys."""
    with run.scope():
        housekeeping.keep_house(key_maker=wiring.own_key_maker(), now=timezone.now())


@job(job_names.REFRESH_METADATA)
def refresh_metadata(run: JobRun, *, identity_provider_id: str) -> None:
    """Fetch one provider's metadata. Twice is safe: the same document changes nothing.

    A failure is recorded on the provider and tried again in hours, not at once.
    """
    if run.namespace_id is None:
        return
    with run.scope():
        provider = IdentityProvider.objects.get(pk=UUID(identity_provider_id))
        wanted = metadata_refreshes.begun(provider=provider, now=timezone.now())
    if wanted is not None:
        ports = wiring.provider_ports()
        metadata_refreshes.run(
            namespace_id=run.namespace_id,
            wanted=wanted,
            fetcher=ports.fetcher,
            reader=ports.reader,
            clock=timezone.now,
        )
