"""Signing in from the event loop: in a pool of its own, fair to every directory, and even in time.

A directory that hangs may hold a few threads, not all of them. Every refusal is answered at the
same moments, so that the time taken tells a stranger nothing.
"""

import asyncio
import functools
from collections import Counter
from concurrent.futures import Executor

import structlog

from federation.gateway.backends import Backend, Visitor
from federation.gateway.sasl import Credentials
from governance.kernel.refusals import Refusal

log = structlog.get_logger(__name__)

REFUSAL_SECONDS = 1.0


class SignIns:
    """Admits visitors; `per_directory` of the threads at most wait for one directory."""

    def __init__(self, *, backend: Backend, executor: Executor, per_directory: int) -> None:
        self._backend = backend
        self._executor = executor
        self._per_directory = per_directory
        self._waiting: Counter[str] = Counter()
        self._queued: dict[str, asyncio.Semaphore] = {}

    async def admit(
        self, credentials: Credentials, *, address: str, namespace: str = ""
    ) -> Visitor:
        """The visitor whose name and password these are. Raises a Refusal, at an even time."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            return await self._admitted(credentials, address, namespace)
        except Refusal:
            spent = loop.time() - started
            await asyncio.sleep(REFUSAL_SECONDS - spent % REFUSAL_SECONDS)
            raise

    async def _admitted(self, credentials: Credentials, address: str, namespace: str) -> Visitor:
        key = f"{namespace}\0{_domain(credentials.username.reveal())}"
        self._waiting[key] += 1
        queue = self._queued.setdefault(key, asyncio.Semaphore(self._per_directory))
        try:
            async with queue:
                return await asyncio.get_running_loop().run_in_executor(
                    self._executor,
                    functools.partial(
                        self._backend.sign_in,
                        username=credentials.username,
                        password=credentials.password,
                        namespace=namespace,
                        address=address,
                    ),
                )
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key], self._queued[key]


def _domain(username: str) -> str:
    if "\\" in username:
        return username.partition("\\")[0].casefold()
    return username.rpartition("@")[2].casefold() if "@" in username else ""
