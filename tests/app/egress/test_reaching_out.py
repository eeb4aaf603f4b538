"""No address that somebody typed leads into our own network."""

import datetime as dt
import http.server
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from governance.egress import client
from governance.egress.addresses import is_allowed, networks

LOOPBACK = networks(["127.0.0.0/8"])
PRIVATE = (
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",  # noqa: S104 - an address to refuse
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "198.18.0.1",
    "192.0.2.7",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:7f00:1::",
    "2001:db8::1",
)


@dataclass
class Server:
    port: int
    ca: str
    hits: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hook.customer.example")])
    now = timezone.now()
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.DNSName("hook.customer.example"),
                    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
                ]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + cert.public_bytes(serialization.Encoding.PEM)
    )
    return path


class Receiver(http.server.BaseHTTPRequestHandler):
    """Answers by path: /ok, /redirect, /endless, /slow."""

    def do_GET(self) -> None:
        server: Any = self.server
        server.hits.append(f"{self.headers['Host']}{self.path}")
        status = {"/redirect": 302}.get(self.path, 200)
        self.send_response(status)
        self.send_header("Location", "https://hook.customer.example/ok")
        self.end_headers()
        try:
            for _ in range(64 if self.path == "/endless" else 1):
                self.wfile.write(b"x" * (100_000 if self.path == "/endless" else 5))
            for _ in range(40 if self.path == "/slow" else 0):
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)
        except OSError:
            return

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def server(certificate: Path) -> Iterator[Server]:
    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    served = Server(port=listener.server_address[1], ca=str(certificate))
    listener.hits = served.hits  # type: ignore[attr-defined]
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    yield served
    listener.shutdown()
    listener.server_close()
    thread.join()


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make every name resolve to these addresses."""

    def to(*addresses: str) -> None:
        real = socket.getaddrinfo

        def answers(host: str, port: int, *rest: Any, **options: Any) -> Any:
            if host[:1].isdigit():
                return real(host, port, *rest, **options)
            return [
                (socket.AF_INET6 if ":" in one else socket.AF_INET, 1, 6, "", (one, port))
                for one in addresses
            ]

        monkeypatch.setattr(socket, "getaddrinfo", answers)

    return to


def bounds(server: Server, **changes: Any) -> client.Bounds:
    values = {
        "ports": frozenset({server.port}),
        "allowed_networks": LOOPBACK,
        "ca_certificates": server.ca,
    }
    return client.Bounds(**(values | changes))


def get(server: Server, path: str = "/ok", **changes: Any) -> client.Answer:
    url = f"https://hook.customer.example:{server.port}{path}"
    return client.request(method="GET", url=url, bounds=bounds(server, **changes))


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_allowed(address, allowed=())


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_allowed(address, allowed=())


def test_an_address_the_operator_allows_is_reached_with_its_name_verified(
    server: Server, resolve: Callable[..., None]
) -> None:
    resolve("127.0.0.1")

    answer = get(server)

    assert (answer.status, answer.body) == (200, b"xxxxx")
    assert server.hits == [f"hook.customer.example:{server.port}/ok"]


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        ["93.184.216.34", "127.0.0.1"],
        ["93.184.216.34", "::1"],
        [],
        ["93.184.216.34"] * 50,
        ["::ffff:127.0.0.1"],
    ],
)
def test_a_name_with_a_private_answer_is_never_connected_to(
    server: Server, resolve: Callable[..., None], answers: list[str]
) -> None:
    resolve(*answers)

    with pytest.raises(client.AddressUnreachable):
        get(server, allowed_networks=())

    assert server.hits == []


def test_a_name_that_does_not_resolve_is_refused(server: Server) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise socket.gaierror

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", fail)
        with pytest.raises(client.AddressUnreachable):
            get(server)


def test_a_certificate_of_another_name_is_refused(
    server: Server, resolve: Callable[..., None]
) -> None:
    resolve("127.0.0.1")

    with pytest.raises(client.AddressUnreachable):
        client.request(
            method="GET", url=f"https://other.example:{server.port}/", bounds=bounds(server)
        )

    assert server.hits == []


def test_a_redirect_is_not_followed(server: Server, resolve: Callable[..., None]) -> None:
    resolve("127.0.0.1")

    assert get(server, "/redirect").status == 302
    assert len(server.hits) == 1


def test_an_endless_answer_is_cut_off(server: Server, resolve: Callable[..., None]) -> None:
    resolve("127.0.0.1")

    with pytest.raises(client.AddressUnreachable):
        get(server, "/endless")


def test_a_slow_answer_is_cut_off(server: Server, resolve: Callable[..., None]) -> None:
    resolve("127.0.0.1")

    with pytest.raises(client.AddressUnreachable):
        get(server, "/slow", seconds=0.5)


@pytest.mark.parametrize(
    "url",
    [
        "http://hook.customer.example/",
        "file:///etc/passwd",
        "gopher://hook.customer.example/",
        "https://hook.customer.example:22/",
        "https://user:pw@hook.customer.example/",
        "https://",
        "https://hook.customer.example:99999/",
        "https://[::1",
        "https://hook.customer.example/a\r\nX: y",
        "https://hóok.example/",
        "",
    ],
)
def test_a_url_of_another_shape_is_refused(url: str) -> None:
    with pytest.raises(client.AddressNotAllowed):
        client.check(url, bounds=client.Bounds())
