"""A real OpenLDAP server on loopback ports, with the people and groups of the tests.

Debian: `apt-get install slapd ldap-utils`. It runs in the foreground and logs every operation,
so that a test can count the binds that really arrived.
"""

import base64
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.certificates import Authority

BASE = "dc=acme,dc=test"
TENANT1 = f"ou=tenant1,{BASE}"
TENANT2 = f"ou=tenant2,{BASE}"
GROUPS = f"ou=groups,{BASE}"
READER_DN = f"cn=reader,ou=svc,{BASE}"
READER_PASSWORD = "readerpw"
ADMIN_DN = f"cn=admin,{BASE}"
ADMIN_PASSWORD = "adminpw"
LOCKOUT = 5

PEOPLE = {
    # name: (where, escaped in a DN, password)
    "alice": (TENANT1, "alice", "alice-pw"),
    "bob": (TENANT1, "bob", "bob-pw"),
    "uma": (TENANT1, "uma", "uma-pw"),
    "eve": (TENANT2, "eve", "eve-pw"),
    "carol": (TENANT2, "carol", "carol-pw"),
    "o,brien": (TENANT1, r"o\2cbrien", "comma-pw"),
    "star*": (TENANT1, r"star\2a", "star-pw"),
    "josé": (TENANT1, "josé", "jos-pw"),
    "ünï": (TENANT1, "ünï", "pässwörd ① \u00aa"),
    "twin": (TENANT1, "twin", "twin-pw"),
    "locked": (TENANT1, "locked", "locked-pw"),
}


def dn_of(name: str) -> str:
    where, escaped, _ = PEOPLE[name]
    return f"uid={escaped},{where}"


def group_dn(name: str) -> str:
    return f"cn={name},{GROUPS}"


MEMBERS = {
    "analysts": [dn_of("alice"), dn_of("bob"), dn_of("uma"), dn_of("josé")],
    "finance": [dn_of("alice"), dn_of("o,brien"), dn_of("star*")],
    "t2-analysts": [dn_of("carol")],
    "data-all": [group_dn("analysts")],  # nested
    "everyone": [group_dn("data-all"), group_dn("circle-a")],  # nested twice
    "circle-a": [group_dn("circle-b"), dn_of("bob")],
    "circle-b": [group_dn("circle-a")],  # and round again
}

CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile {home}/slapd.pid
argsfile {home}/slapd.args
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload refint
moduleload ppolicy
TLSCACertificateFile {home}/ca.pem
TLSCertificateFile {home}/server.pem
TLSCertificateKeyFile {home}/server.key
sizelimit 500
access to attrs=userPassword by anonymous auth by * none
access to * by users read by anonymous none
database mdb
suffix {base}
rootdn {admin_dn}
rootpw {admin_password}
directory {home}/db
maxsize 104857600
dbnosync
index objectClass,uid,cn,member,memberOf eq
overlay memberof
memberof-group-oc groupOfNames
memberof-member-ad member
memberof-memberof-ad memberOf
overlay refint
refint_attributes memberOf member
overlay ppolicy
ppolicy_default cn=default,ou=policies,{base}
ppolicy_use_lockout
"""


@dataclass
class Slapd:
    """A running server. `binds` counts what reached it; `pause` stops it in its tracks."""

    home: Path
    port: int
    tls_port: int
    ca_certificates: str
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"ldap://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"ldaps://127.0.0.1:{self.tls_port}"

    def binds(self, dn: str | None = None) -> int:
        """How many binds arrived so far, of this distinguished name or of anybody."""
        log = (self.home / "log").read_text("utf-8", "replace")
        lines = [line for line in log.splitlines() if " BIND dn=" in line and "method=" in line]
        return sum(dn is None or f'dn="{dn}"'.casefold() in line.casefold() for line in lines)

    def connections(self) -> int:
        log = (self.home / "log").read_text("utf-8", "replace")
        return sum(" ACCEPT from " in line for line in log.splitlines())

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.resume()
        self.process.terminate()
        self.process.wait(timeout=10)

    def change(self, ldif: str) -> None:
        """Apply an LDIF of changes as the directory's administrator."""
        subprocess.run(  # noqa: S603
            ["/usr/bin/ldapmodify", "-x", "-H", self.url, "-D", ADMIN_DN, "-w", ADMIN_PASSWORD],
            input=ldif.encode(),
            check=True,
            capture_output=True,
        )

    def unlock(self, name: str) -> None:
        """Forget the failed binds of a person, as the directory counts them."""
        ldif = f"{_line('dn', dn_of(name))}\nchangetype: modify\n"
        for attribute in ("pwdAccountLockedTime", "pwdFailureTime"):
            with_delete = f"{ldif}delete: {attribute}\n"
            try:
                self.change(with_delete)
            except subprocess.CalledProcessError:
                continue  # it was not there


def is_installed() -> bool:
    return shutil.which("slapd", path=_path()) is not None


@contextmanager
def running() -> Iterator[Slapd]:
    """Start a server of its own folder, filled; stop it and remove the folder at the end."""
    home = Path(tempfile.mkdtemp(prefix="lw-slapd-"))
    server = None
    try:
        server = _started(home)
        yield server
    finally:
        if server is not None and server.process.poll() is None:
            server.stop()
        shutil.rmtree(home, ignore_errors=True)


def _started(home: Path) -> Slapd:
    authority = Authority.create("Test CA")
    certificate, key = authority.issue(names=["localhost", "ldap.acme.test"], ips=["127.0.0.1"])
    (home / "db").mkdir()
    (home / "ca.pem").write_text(authority.pem)
    (home / "server.pem").write_text(certificate)
    (home / "server.key").write_text(key)
    (home / "slapd.conf").write_text(
        CONFIGURATION.format(home=home, base=BASE, admin_dn=ADMIN_DN, admin_password=ADMIN_PASSWORD)
    )
    port, tls_port = _free_port(), _free_port()
    slapd = shutil.which("slapd", path=_path()) or "slapd"
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [slapd, "-f", str(home / "slapd.conf"), "-d", "256",
             "-h", f"ldap://127.0.0.1:{port}/ ldaps://127.0.0.1:{tls_port}/"],
            stdout=log, stderr=log,
        )  # fmt: skip
    server = Slapd(home, port, tls_port, authority.pem, process)
    _wait(server)
    (home / "base.ldif").write_text(_ldif())
    subprocess.run(  # noqa: S603
        ["/usr/bin/ldapadd", "-x", "-H", server.url, "-D", ADMIN_DN, "-w", ADMIN_PASSWORD,
         "-f", str(home / "base.ldif")],
        check=True, capture_output=True,
    )  # fmt: skip
    return server


def _wait(server: Slapd) -> None:
    ends_at = time.monotonic() + 10
    while time.monotonic() < ends_at:
        if server.process.poll() is not None:
            message = (server.home / "log").read_text("utf-8", "replace")[-2000:]
            raise RuntimeError(message)
        try:
            socket.create_connection(("127.0.0.1", server.tls_port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    message = "slapd did not start in 10 s"
    raise RuntimeError(message)


def _ldif() -> str:
    entries: list[dict[str, str | list[str]]] = [
        {"dn": BASE, "objectClass": ["dcObject", "organization"], "o": "Acme", "dc": "acme"},
        *(_unit(name) for name in ("policies", "groups", "svc", "tenant1", "tenant2")),
        {
            "dn": f"cn=default,ou=policies,{BASE}",
            "objectClass": ["device", "pwdPolicy"],
            "cn": "default",
            "pwdAttribute": "userPassword",
            "pwdLockout": "TRUE",
            "pwdMaxFailure": str(LOCKOUT),
            "pwdLockoutDuration": "3600",
        },
        {
            "dn": READER_DN,
            "objectClass": ["applicationProcess", "simpleSecurityObject"],
            "cn": "reader",
            "userPassword": READER_PASSWORD,
        },
        *(_person(dn_of(name), name, password) for name, (_, _, password) in PEOPLE.items()),
        # The same user name in both units: a search from the top finds two.
        _person(f"uid=twin,{TENANT2}", "twin", "twin2-pw"),
        *(_group(name, members) for name, members in MEMBERS.items()),
    ]
    return "\n".join(_entry(entry) for entry in entries)


def _unit(name: str) -> dict[str, str | list[str]]:
    return {"dn": f"ou={name},{BASE}", "objectClass": "organizationalUnit", "ou": name}


def _person(dn: str, name: str, password: str) -> dict[str, str | list[str]]:
    return {
        "dn": dn,
        "objectClass": "inetOrgPerson",
        "uid": name,
        "cn": name.title(),
        "sn": name,
        "mail": f"{name.encode('idna').decode() if name.isalpha() else 'someone'}@acme.example",
        "userPassword": password,
    }


def _group(name: str, members: list[str]) -> dict[str, str | list[str]]:
    return {"dn": group_dn(name), "objectClass": "groupOfNames", "cn": name, "member": members}


def _entry(entry: dict[str, str | list[str]]) -> str:
    lines = []
    for key, value in entry.items():
        values = value if isinstance(value, list) else [value]
        lines += [_line(key, one) for one in values]
    return "\n".join(lines) + "\n"


def _line(key: str, value: str) -> str:
    if value.isascii() and value.isprintable():
        return f"{key}: {value}"
    return f"{key}:: {base64.b64encode(value.encode()).decode()}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
