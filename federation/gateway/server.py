"""The gateway's server: a connection's life from the handshake to the last frame.

Everything a stranger can make us hold is bounded: connections, the time and size of a handshake,
frames, sessions, threads.
"""

import asyncio
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from federation.domain.attempts import network_of
from federation.gateway import calls, sasl
from federation.gateway.backends import Backend, Principal
from federation.gateway.conversations import Conversation, PeerGoneError
from federation.gateway.sasl import HandshakeError, NegotiationStatus
from federation.gateway.sessions import Registry
from federation.gateway.sign_ins import SignIns
from governance.hive import wire
from governance.kernel.refusals import Exhausted, Refusal, Unavailable

log = structlog.get_logger(__name__)

# What HiveServer2 says; clients show it, and some look for it.
REFUSED = b"Error validating the login"

# A thread that still waits for a dead directory is not waited for longer.
RELEASE_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one gateway process bears."""

    connections: int = 1000
    handshakes: int = 100
    handshakes_per_network: int = 30
    handshake_seconds: float = 10.0
    idle_seconds: float = 3600.0
    standing_seconds: float = 2.0
    directory_seconds: float = 10.0
    sessions_per_namespace: int = 200
    sessions_per_user: int = 50
    sign_in_threads: int = 16
    sign_ins_per_directory: int = 4
    query_threads: int = 16


class Look(Protocol):
    """Which of the principals may not stay."""

    def __call__(self, *, principals: Collection[Principal]) -> frozenset[Principal]: ...


def _sentence(refusal: Refusal) -> bytes:
    match refusal:
        case Exhausted():
            return REFUSED + b": too many tries failed, wait some minutes"
        case Unavailable():
            return REFUSED + b": the directory cannot be asked now, try again"
        case _:
            return REFUSED


def _release(pool: ThreadPoolExecutor, threads: int, release: Callable[[], None]) -> None:
    """Let every thread of a pool give back what it holds, then end the pool."""
    together = threading.Barrier(threads, timeout=RELEASE_SECONDS)

    def leave() -> None:
        release()
        with suppress(threading.BrokenBarrierError):
            together.wait()

    for _ in range(threads):
        pool.submit(leave)
    pool.shutdown(wait=True)


class Gateway:
    """Accepts Hive clients and speaks with them until they leave."""

    def __init__(self, *, backend: Backend, limits: Limits) -> None:
        self._backend = backend
        self._limits = limits
        self._queries = ThreadPoolExecutor(limits.query_threads, "hive-query")
        self._directories = ThreadPoolExecutor(limits.sign_in_threads, "hive-sign-in")
        self._standing = ThreadPoolExecutor(1, "hive-standing")
        self._leaving = ThreadPoolExecutor(1, "hive-leaving")
        self._sign_ins = SignIns(
            backend=backend,
            executor=self._directories,
            per_directory=limits.sign_ins_per_directory,
        )
        self._registry = Registry(
            per_namespace=limits.sessions_per_namespace, per_user=limits.sessions_per_user
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._talks: dict[Conversation, asyncio.Task[None]] = {}
        self._handshakes: Counter[str] = Counter()

    async def serve(
        self,
        *,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        stop: asyncio.Event,
        ready: Callable[[int], None],
    ) -> None:
        """Listen until `stop` is set, then end every connection. `ready` is told the port."""
        server = await asyncio.start_server(
            self._accept,
            host,
            port,
            ssl=tls,
            backlog=512,
            ssl_handshake_timeout=self._limits.handshake_seconds if tls else None,
        )
        ready(server.sockets[0].getsockname()[1])
        watching = self._watching()
        await stop.wait()
        server.close()
        for task in (*watching, *self._tasks):
            task.cancel()
        await asyncio.gather(*watching, *self._tasks, return_exceptions=True)
        loop = asyncio.get_running_loop()
        for pool, threads in (
            (self._queries, self._limits.query_threads),
            (self._directories, self._limits.sign_in_threads),
            (self._standing, 1),
            (self._leaving, 1),
        ):
            await loop.run_in_executor(None, _release, pool, threads, self._backend.release)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str((writer.get_extra_info("peername") or ("",))[0])
        if self._is_full(address):
            log.warning("hive_connection_refused", connections=len(self._tasks))
            writer.close()
            return
        task = asyncio.create_task(self._attend(reader, writer, address))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _is_full(self, address: str) -> bool:
        """No room for one more, or for one more stranger from there."""
        limits, waiting = self._limits, self._handshakes
        return (
            len(self._tasks) >= limits.connections
            or waiting.total() >= limits.handshakes
            or waiting[network_of(address)] >= limits.handshakes_per_network
        )

    async def _attend(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str
    ) -> None:
        try:
            await self._talk(reader, writer, address)
        except (ConnectionError, asyncio.IncompleteReadError, PeerGoneError, TimeoutError):
            log.debug("hive_connection_lost")
        except Exception:
            # One connection's misfortune must not be the gateway's.
            log.exception("hive_connection_failed")
        finally:
            writer.close()
            with suppress(ConnectionError, TimeoutError, ssl.SSLError):
                await writer.wait_closed()

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str
    ) -> None:
        talk = Conversation(
            backend=self._backend,
            registry=self._registry,
            sign_ins=self._sign_ins,
            executor=self._queries,
            reader=reader,
            address=address,
        )
        if not await self._shake_hands(talk, reader, writer):
            return
        task = asyncio.current_task()
        if task is not None:
            self._talks[talk] = task
        try:
            await self._answer_all(talk, reader, writer)
        finally:
            self._talks.pop(talk, None)
            await asyncio.shield(talk.close())

    def _watching(self) -> list[asyncio.Task[None]]:
        """Two looks at who is here, each with a thread of its own: directories may be slow."""
        backend, limits = self._backend, self._limits
        looks = (
            (limits.standing_seconds, self._standing, backend.lapsed),
            (limits.directory_seconds, self._leaving, backend.left),
        )
        return [asyncio.create_task(self._watch(*look)) for look in looks]

    async def _watch(self, seconds: float, executor: Executor, look: Look) -> None:
        """End the connections of people who may no longer act, and with them their queries."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self._end_those(executor, look)
            except Exception as error:  # noqa: BLE001 - such as no database: the next may be better
                log.warning("hive_standing_unknown", error=type(error).__name__)

    async def _end_those(self, executor: Executor, look: Look) -> None:
        principals = {each for talk in self._talks for each in talk.principals}
        if not principals:
            return
        loop = asyncio.get_running_loop()
        gone = await loop.run_in_executor(executor, lambda: look(principals=principals))
        for talk, task in list(self._talks.items()):
            if talk.principals & gone:
                log.info("hive_connection_lapsed")
                task.cancel()

    async def _shake_hands(
        self, talk: Conversation, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        network = network_of(talk.address)
        self._handshakes[network] += 1
        try:
            async with asyncio.timeout(self._limits.handshake_seconds):
                credentials = await sasl.credentials(reader)
            await talk.sign_in(credentials)
            writer.write(sasl.answer(NegotiationStatus.COMPLETE))
        except HandshakeError as error:
            writer.write(sasl.answer(NegotiationStatus.ERROR, str(error).encode()))
        except Refusal as refusal:
            writer.write(sasl.answer(NegotiationStatus.BAD, _sentence(refusal)))
        else:
            return True
        finally:
            self._handshakes[network] -= 1
            self._handshakes = +self._handshakes
            with suppress(ConnectionError):
                await writer.drain()
        return False

    async def _answer_all(
        self, talk: Conversation, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while not talk.is_over:
            # Until a session is open, a connection is as good as a handshake.
            idle = self._limits.idle_seconds if talk.principals else self._limits.handshake_seconds
            frame = await sasl.frame(reader, idle_seconds=idle)
            if frame is None:
                return
            try:
                call = wire.call_in(frame)
                method = calls.METHODS.get(call.name)
                answer = (
                    wire.unknown_call(call)
                    if method is None
                    else wire.reply(call=call, response=await calls.answered(talk, call, method))
                )
            except wire.MalformedFrameError:
                log.info("hive_frame_malformed")
                return
            await sasl.send(writer, answer)
