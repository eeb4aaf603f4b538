"""One request to one address that somebody typed, without becoming their way into our network.

1. https alone, on port 443 or 8443 (or a port that the operator allows), no credentials in it;
2. the name is resolved once, every answer is checked, and an error is a refusal;
3. the connection goes to the checked address, with the name's certificate verified;
4. no redirect is followed, no proxy of the environment used;
5. five seconds and one MiB in all.
Whatever fails, the refusal says the same, so that it cannot be used to look around (T86).
"""

import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

import structlog
import urllib3
from django.conf import settings
from urllib3.exceptions import HTTPError

from governance.egress.addresses import Network, is_allowed, networks
from governance.kernel.refusals import Invalid, Unavailable

log = structlog.get_logger(__name__)

PORTS = frozenset({443, 8443})
MAX_ANSWERS = 16
CHUNK = 64 * 1024


class AddressNotAllowed(Invalid):
    code = "address_not_allowed"
    sentence = "This address cannot be used. Give an https:// address of a public host."


class AddressUnreachable(Unavailable):
    code = "address_unreachable"
    sentence = "The address did not answer as it should within the time and size allowed."


@dataclass(frozen=True, slots=True)
class Bounds:
    """`allowed_networks` and `ports` widen what is public, by the operator's word alone."""

    seconds: float = 5.0
    bytes: int = 1024 * 1024
    ports: frozenset[int] = PORTS
    allowed_networks: Sequence[Network] = ()
    ca_certificates: str | None = None


def default_bounds() -> Bounds:
    """The bounds that the operator set (EGRESS_ALLOWED_NETWORKS, EGRESS_ALLOWED_PORTS)."""
    return Bounds(
        ports=PORTS | frozenset(settings.EGRESS_ALLOWED_PORTS),
        allowed_networks=networks(settings.EGRESS_ALLOWED_NETWORKS),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def check(url: str, *, bounds: Bounds) -> SplitResult:
    """The parts of a URL that may be used. Raises AddressNotAllowed; asks no name server."""
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError as error:
        raise AddressNotAllowed from error
    plain = not (parts.username or parts.password) and url.isascii() and url.isprintable()
    if parts.scheme != "https" or not parts.hostname or port not in bounds.ports or not plain:
        raise AddressNotAllowed
    return parts


def request(
    *,
    method: str,
    url: str,
    bounds: Bounds,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send one request. Raises AddressNotAllowed or AddressUnreachable, and nothing else."""
    parts = check(url, bounds=bounds)
    host, port = str(parts.hostname), parts.port or 443
    deadline = time.monotonic() + bounds.seconds
    address = checked_address(host, port, bounds=bounds)
    target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    with urllib3.HTTPSConnectionPool(
        address,
        port,
        timeout=urllib3.Timeout(total=bounds.seconds),
        retries=False,
        server_hostname=host,
        assert_hostname=host,
        cert_reqs="CERT_REQUIRED",
        ca_certs=bounds.ca_certificates or _system_certificates(),
    ) as pool:
        try:
            answer = pool.urlopen(
                method,
                target,
                body=body,
                headers={"Host": host if port == 443 else f"{host}:{port}", **(headers or {})},  # noqa: PLR2004 - https
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            content = _read(answer, deadline=deadline, limit=bounds.bytes)
        except (HTTPError, OSError) as error:
            log.info("egress_failed", why=type(error).__name__)
            raise AddressUnreachable from error
    return Answer(status=answer.status, headers=dict(answer.headers), body=content)


def _read(answer: urllib3.BaseHTTPResponse, *, deadline: float, limit: int) -> bytes:
    content = bytearray()
    for chunk in answer.stream(CHUNK, decode_content=False):
        content += chunk
        if len(content) > limit or time.monotonic() > deadline:
            raise AddressUnreachable
    return bytes(content)


def checked_address(host: str, port: int, *, bounds: Bounds) -> str:
    """The address to connect to. Raises AddressUnreachable unless every answer is allowed."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise AddressUnreachable from error
    addresses = [str(answer[4][0]) for answer in answers]
    if not addresses or len(addresses) > MAX_ANSWERS:
        raise AddressUnreachable
    if not all(is_allowed(address, allowed=bounds.allowed_networks) for address in addresses):
        # The same words as for one that does not answer: nobody learns what resolves to what.
        raise AddressUnreachable
    return addresses[0]


def _system_certificates() -> str | None:
    return ssl.get_default_verify_paths().cafile
