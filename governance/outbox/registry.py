"""Which function does which job. Each app's `tasks.py` registers its own with `@job`."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID


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


def job(name: str) -> Callable[[Job], Job]:
    """Register the function under the job's name: `def locate(run, *, erasure_request_id)`."""

    def register(function: Job) -> Job:
        if name in _jobs and _jobs[name] is not function:
            message = f"The job {name!r} has two functions."
            raise RuntimeError(message)
        _jobs[name] = function
        return function

    return register


def function_of(name: str) -> Job | None:
    return _jobs.get(name)


def names() -> Iterator[str]:
    return iter(sorted(_jobs))
