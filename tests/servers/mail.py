"""A real SMTP server on loopback that keeps what it was sent."""

from asyncio import Server
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass
class MailServer:
    """What arrived, and where to send more. `refuse_with` makes it answer every message so."""

    host: str = "127.0.0.1"
    port: int = 0
    received: list[EmailMessage] = field(default_factory=list)
    refuse_with: str | None = None

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
    ) -> str:
        if self.refuse_with is not None:
            return self.refuse_with
        content = cast(bytes, envelope.content)
        self.received.append(message_from_bytes(content, policy=policy.default))
        return "250 Accepted"


class _Controller(Controller):
    """aiosmtpd's, on a port that the kernel chose."""

    def _trigger_server(self) -> None:
        (listener,) = cast(Server, self.server).sockets
        self.port = listener.getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def running() -> Iterator[MailServer]:
    """An SMTP server for the length of the block."""
    server = MailServer()
    controller = _Controller(server, hostname=server.host, port=0)
    controller.start()
    server.port = controller.port
    try:
        yield server
    finally:
        controller.stop()
