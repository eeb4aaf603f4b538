"""A run of a job, as the outbox hands it to the function."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.identifiers import new_id


@dataclass
class Run:
    """A job of a namespace, or of the platform. Nobody else holds its lease."""

    namespace_id: UUID | None
    message_id: UUID = field(default_factory=new_id)
    attempt: int = 1

    @contextmanager
    def scope(self) -> Iterator[None]:
        if self.namespace_id is None:
            with system_scope("a job in a test"):
                yield
        else:
            with namespace_scope(self.namespace_id):
                yield

    def progress(self, *, done: int, total: int | None = None) -> None:
        """Nobody looks."""
