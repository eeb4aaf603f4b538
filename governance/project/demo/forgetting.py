"""The demo's data map over the purchases, indexed, and one erasure that waits for its officer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.project.demo import people
from governance.tenancy.services import actors
from purge import wiring
from purge.models import Dataset, ErasureRequest, StorageLayer
from purge.ports import Format, LayerKind
from purge.services import erasure_requests, indexing
from purge.services.erasure_requests import Wish

LAYER = "lake"
PREFIX = "purchases/"
IDENTIFIERS = [{"name": "customer_id", "path": "customer_id", "type": "string"}]
# Seven purchases in seven months, among those of three thousand others.
SUBJECT = {"customer_id": "04649"}


@dataclass(frozen=True, slots=True)
class AtTheTerminal:
    """Long work in short transactions, for a command."""

    namespace_id: UUID

    @contextmanager
    def scope(self) -> Iterator[None]:
        with namespace_scope(self.namespace_id):
            yield

    def progress(self, *, done: int, total: int | None = None) -> None:
        """A few thousand records take no time worth showing."""


def make(*, namespace_id: UUID) -> None:
    """No transaction is open. What is indexed is skipped, so this may run again."""
    with namespace_scope(namespace_id):
        dataset_id = _dataset().pk
    indexing.refresh(
        dataset_id=dataset_id,
        work=AtTheTerminal(namespace_id),
        lake=wiring.lake(),
        clock=timezone.now,
    )


def ask(*, now: datetime) -> None:
    """Ivan asks for the first erasure. Needs the scope."""
    if ErasureRequest.objects.exists():
        return
    erasure_requests.ask(
        wish=Wish(
            people=[SUBJECT],
            reason="A customer wrote to us and asked to be forgotten.",
            reference="Ticket 1031",
            identity_proof="The letter came from the address that we had on file.",
        ),
        actor=actors.for_user(user=people.ivan(), role=None),
        now=now,
    )


def _dataset() -> Dataset:
    layer, _ = StorageLayer.objects.get_or_create(
        name=LAYER, defaults={"kind": LayerKind.FILESYSTEM.value, "options": {}}
    )
    dataset, _ = Dataset.objects.get_or_create(
        storage_layer=layer,
        prefix=PREFIX,
        defaults={"format": Format.NDJSON.value, "identifiers": IDENTIFIERS},
    )
    return dataset
