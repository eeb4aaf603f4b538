"""A web server over https on this machine that serves whatever metadata a test gives it."""

import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.certificates import Authority


@dataclass
class MetadataHost:
    """`document` is what it answers with; None is a 503. `hits` counts who asked."""

    port: int
    document: str | None
    hits: list[str] = field(default_factory=list)
    before_answering: threading.Event | None = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/metadata.xml"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        host: MetadataHost = self.server.host  # type: ignore[attr-defined]
        host.hits.append(self.path)
        if host.before_answering is not None:
            host.before_answering.wait(timeout=5)
        body = (host.document or "").encode()
        self.send_response(503 if host.document is None else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Quiet."""


@contextmanager
def running(folder: Path, *, document: str) -> Iterator[tuple[MetadataHost, Path]]:
    """The host, and the file of the authority that a client has to trust."""
    authority = Authority.create("metadata hosts")
    files = {name: folder / f"{name}.pem" for name in ("server", "authority")}
    files["server"].write_text("".join(authority.issue(ips=["127.0.0.1"])), encoding="utf-8")
    files["authority"].write_text(authority.pem, encoding="utf-8")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["server"])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    host = MetadataHost(port=server.server_address[1], document=document)
    server.host = host  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield host, files["authority"]
    finally:
        server.shutdown()
        server.server_close()
