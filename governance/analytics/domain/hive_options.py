"""The options of a HiveServer2 engine: where the server is, who signs in, what a table is there."""

import functools
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from governance.analytics.domain.engine_refusals import EngineOptionsInvalid
from governance.kernel.refusals import FieldError

HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:_-]{0,252}[A-Za-z0-9])?", re.ASCII)
SERVER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
# Nothing that Spark would take for a pattern, a quote, a variable or a list of paths; and no keys
# before the host, for options are shown.
LAKE_URL = re.compile(
    r"(s3a?|abfss?|wasbs|gs|oss|hdfs|file)://(?![^/]*:[^/]*@)[A-Za-z0-9._=/:@+-]{0,900}", re.ASCII
)
LONGEST_TEXT = 65_536
LONGEST_NAME = 256
PORTS = (1, 65_535)


class Transport(StrEnum):
    TLS = "tls"
    PLAIN = "plain"


class Authentication(StrEnum):
    """As `hive.server2.authentication` says it: PLAIN is LDAP, PAM and CUSTOM there."""

    PLAIN = "plain"
    NONE = "none"
    NOSASL = "nosasl"


class Product(StrEnum):
    SPARK = "spark"
    HIVE = "hive"


class Tables(StrEnum):
    """What a table of the catalogue is on the server: files of the lake, or a table of its own."""

    FILES = "files"
    SERVER = "server"


class Sizes(StrEnum):
    """Who says how large a table is: the server, or files that we see too below `LAKE_ROOTS`."""

    SERVER = "server"
    LAKE = "lake"


@dataclass(frozen=True, slots=True, kw_only=True)
class HiveOptions:
    host: str
    port: int = 10_000
    transport: Transport = Transport.TLS
    ca_certificates: str = ""
    authentication: Authentication = Authentication.PLAIN
    username: str = ""
    product: Product = Product.SPARK
    tables: Tables = Tables.FILES
    lake_url: str = ""
    server_databases: Mapping[str, str] = field(default_factory=dict)
    sizes: Sizes = Sizes.SERVER

    @classmethod
    def parse(cls, raw: Mapping[str, object]) -> "HiveOptions":
        """From an engine's options; others than these are passed over. Raises the refusal."""
        given = {name: value for name, value in raw.items() if name in CHECKS}
        given.setdefault("host", "")
        errors = [error for name, value in given.items() if (error := _wrong(name, value))]
        if errors:
            raise EngineOptionsInvalid(errors=errors)
        words: dict[str, object] = {
            name: kind(str(given[name])) for name, kind in KINDS.items() if name in given
        }
        made = cls(**{**given, **words})  # type: ignore[arg-type]
        made._check_together()
        return made

    def server_database(self, database: str) -> str:
        """The server's name of a database of the catalogue."""
        return self.server_databases.get(database, database)

    def _check_together(self) -> None:
        errors = []
        if self.product is Product.HIVE and self.tables is Tables.FILES:
            detail = "Hive reads tables of its own: set tables to server. Spark reads files too."
            errors.append(_error("tables", detail))
        if self.authentication is Authentication.PLAIN and not self.username:
            errors.append(_error("username", "Give the name of the account that signs in."))
        if errors:
            raise EngineOptionsInvalid(errors=errors)


KINDS: Mapping[str, type[StrEnum]] = {
    "transport": Transport,
    "authentication": Authentication,
    "product": Product,
    "tables": Tables,
    "sizes": Sizes,
}


def _is_host(value: object) -> bool:
    return isinstance(value, str) and HOST.fullmatch(value) is not None


def _is_port(value: object) -> bool:
    least, most = PORTS
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_name(value: object) -> bool:
    plain = isinstance(value, str) and len(value) <= LONGEST_NAME
    return plain and "\x00" not in str(value)


def _is_pem(value: object) -> bool:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        return False
    try:
        if value:
            ssl.create_default_context(cadata=value)
    except (ssl.SSLError, ValueError):
        return False
    return True


def _is_lake_url(value: object) -> bool:
    if value == "":
        return True
    plain = isinstance(value, str) and LAKE_URL.fullmatch(value) is not None
    return plain and ".." not in str(value).split("/")


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(ours, str) and isinstance(theirs, str) and SERVER_NAME.fullmatch(theirs)
        for ours, theirs in value.items()
    )


def _is_word(kind: type[StrEnum], value: object) -> bool:
    return value in list(kind)


CHECKS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "host": (_is_host, "Give the server's host name or address."),
    "port": (_is_port, "A port from 1 to 65535; servers listen on 10000 where nothing is set."),
    "ca_certificates": (_is_pem, "Certificates in PEM form, or empty for the system's."),
    "username": (_is_name, "A name of at most 256 characters."),
    "lake_url": (
        _is_lake_url,
        "An address such as s3a://bucket/folder, without keys: letters, digits, . _ = / : @ + -.",
    ),
    "server_databases": (
        _is_mapping,
        "Names of the catalogue's databases, each with the server's name for it.",
    ),
    **{
        name: (functools.partial(_is_word, kind), f"One of: {', '.join(kind)}.")
        for name, kind in KINDS.items()
    },
}
NAMES = frozenset(CHECKS)


def _wrong(name: str, value: object) -> FieldError | None:
    is_good, detail = CHECKS[name]
    return None if is_good(value) else _error(name, detail)


def _error(name: str, detail: str) -> FieldError:
    return FieldError(pointer=f"/options/{name}", code="option_invalid", detail=detail)
