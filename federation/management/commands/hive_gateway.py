"""`manage.py hive_gateway`: HiveServer2's protocol on HIVE_PORT, until it is told to stop."""

import asyncio
import signal
import ssl

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from federation import wiring
from federation.gateway.analytics_backend import AnalyticsBackend
from federation.gateway.server import Gateway, Limits


class Command(BaseCommand):
    help = "Serve Hive clients: Thrift over SASL PLAIN, people of the directories."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.BIND)
        parser.add_argument("--port", type=int, default=settings.HIVE_PORT)

    def handle(self, *_args: str, host: str, port: int, **_options: object) -> None:
        backend = AnalyticsBackend(directory=wiring.directory(), throttle=wiring.sign_in_throttle())
        limits = Limits(
            connections=settings.HIVE_CONNECTIONS,
            sessions_per_namespace=settings.HIVE_NAMESPACE_SESSIONS,
            sessions_per_user=settings.HIVE_USER_SESSIONS,
        )
        tls = _tls()
        try:
            asyncio.run(self._serve(Gateway(backend=backend, limits=limits), host, port, tls))
        except OSError as error:
            message = f"The Hive gateway cannot listen on {host}:{port}: {error.strerror}."
            raise CommandError(message) from error

    async def _serve(
        self, gateway: Gateway, host: str, port: int, tls: ssl.SSLContext | None
    ) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop.set)
        await gateway.serve(
            host=host,
            port=port,
            tls=tls,
            stop=stop,
            ready=lambda port: self.stdout.write(f"Hive gateway on {host}:{port}"),
        )


def _tls() -> ssl.SSLContext | None:
    """TLS where a certificate is configured: paths of PEM files."""
    if not settings.HIVE_TLS_CERTIFICATE:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.HIVE_TLS_CERTIFICATE, settings.HIVE_TLS_KEY or None)
    except OSError as error:
        message = f"HIVE_TLS_CERTIFICATE and HIVE_TLS_KEY cannot be used: {error.strerror}."
        raise CommandError(message) from error
    return context
