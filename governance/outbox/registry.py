"""Which function does which job. Each app's `tasks.py` registers its own with `@job`."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID

from governance.outbox.domain.lanes import Lane
from governance.outbox.domain.retries import MAX_ATTEMPTS


class LeaseLostError(RuntimeError):
    """Another worker took the message over: stop, and write nothing more."""


class JobRun(Protocol):
    """What a running job is given. No transaction is open: open `scope()` for each short step."""

    message_id: UUID
    namespace_id: UUID | None
    attempt: int

    def scope(self) -> AbstractContextManager[None]:
        """A transaction in the job's namespace, that only the holder of the lease may commit."""

    def progress(self, *, done: int, total: int | None = None) -> None:
        """Say how far it is. Raises LeaseLostError where another worker took over."""


Job = Callable[..., None]

_jobs: dict[str, Job] = {}
_long_jobs: set[str] = set()
_attempts: dict[str, int] = {}


def job(
    name: str, *, lane: Lane = Lane.SHORT, attempts: int = MAX_ATTEMPTS
) -> Callable[[Job], Job]:
    """Register the function under the job's name: `def locate(run, *, erasure_request_id)`.

    What may take longer than a few seconds takes the long lane. What waits for others may be
    given more attempts.
    """

    def register(function: Job) -> Job:
        if lane is Lane.LONG:
            _long_jobs.add(name)
        if name in _jobs and _jobs[name] is not function:
            message = f"The job {name!r} has two functions."
            raise RuntimeError(message)
        _jobs[name] = function
        _attempts[name] = attempts
        return function

    return register


def function_of(name: str) -> Job | None:
    return _jobs.get(name)


def attempts_of(name: str) -> int:
    """How often a message of this name is tried before it is given up."""
    return _attempts.get(name, MAX_ATTEMPTS)


def long_jobs() -> frozenset[str]:
    """The names of the jobs in the long lane."""
    return frozenset(_long_jobs)


def names() -> Iterator[str]:
    return iter(sorted(_jobs))
