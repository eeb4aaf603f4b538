"""An Active Directory domain controller by Samba, on 127.0.0.2: for `make test-full`, as root.

Debian: `samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules winbind
python3-samba ldb-tools`. Only its LDAP service is started.
"""

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

HOST = "127.0.0.2"
DOMAIN = "ad.acme.test"
BASE = "DC=ad,DC=acme,DC=test"
PEOPLE = ("alice", "bob", "josé", "reader", "disabled", "expired", "mustchange")
SETTINGS = """[global]
    server services = ldap
    interfaces = {host}/8
    bind interfaces only = yes
    ldap server require strong auth = no
    tls enabled = yes
    tls cafile = {home}/ca.pem
    tls certfile = {home}/server.pem
    tls keyfile = {home}/server.key
    pid directory = {home}/run
    log file = {home}/log.%m
    ncalrpc dir = {home}/ncalrpc
    ntp signd socket directory = {home}/ntp
    winbindd socket directory = {home}/wb
"""


@dataclass
class SambaDirectory:
    """Passwords are `<name>-pw1`. Alice and José are analysts, and analysts are in data-all."""

    home: Path
    ca_certificates: str
    url: str = f"ldaps://{HOST}"


def is_possible() -> bool:
    return shutil.which("samba-tool") is not None and os.geteuid() == 0


@contextmanager
def running() -> Iterator[SambaDirectory]:
    home = Path(tempfile.mkdtemp(prefix="lw-samba-"))
    directory = SambaDirectory(home, "")
    try:
        directory.ca_certificates = _provisioned(home)
        _run("samba", "-D", "-s", str(_configuration(home)), "--no-process-group")
        _fill(home)
        _wait()
        yield directory
    finally:
        pid = home / "run" / "samba.pid"
        if pid.exists():
            os.kill(int(pid.read_text()), signal.SIGTERM)
            time.sleep(1)
        shutil.rmtree(home, ignore_errors=True)


def _provisioned(home: Path) -> str:
    Path("/etc/samba/smb.conf").unlink(missing_ok=True)  # it would be taken for ours
    _run(
        *("samba-tool", "domain", "provision", f"--realm={DOMAIN.upper()}", "--domain=ACME"),
        *("--server-role=dc", "--dns-backend=NONE", "--adminpass=Adm1n-Passw0rd"),
        *("--host-name=dc1", "--host-ip=127.0.0.1", f"--targetdir={home}"),
        f"--option=posix:eadb={home}/eadb.tdb",
    )
    authority = Authority.create("Test CA")
    certificate, key = authority.issue(names=[f"dc1.{DOMAIN}"], ips=[HOST])
    (home / "ca.pem").write_text(authority.pem)
    (home / "server.pem").write_text(certificate)
    (home / "server.key").write_text(key)
    (home / "server.key").chmod(0o600)
    for name in ("run", "ncalrpc", "ntp", "wb"):
        (home / name).mkdir(exist_ok=True)
    written = _configuration(home).read_text()
    kept = [line for line in written.splitlines() if "server services" not in line]
    ours = SETTINGS.format(home=home, host=HOST)
    _configuration(home).write_text("\n".join(kept).replace("[global]", ours, 1) + "\n")
    return authority.pem


def _fill(home: Path) -> None:
    def tool(*words: str) -> None:
        database = ("-s", str(_configuration(home)), "-H", str(home / "private" / "sam.ldb"))
        _run("samba-tool", *words, *database)

    tool("domain", "passwordsettings", "set", "--complexity=off", "--min-pwd-length=4")
    for name in PEOPLE:
        tool("user", "create", name, f"{name}-pw1")
    tool("user", "disable", "disabled")
    tool("user", "setexpiry", "expired", "--days=-1")
    changed = ("--newpassword=mustchange-pw1", "--must-change-at-next-login")
    tool("user", "setpassword", "mustchange", *changed)
    for group, members in (("analysts", "alice,josé"), ("data-all", "analysts")):
        tool("group", "add", group)
        tool("group", "addmembers", group, members)


def _configuration(home: Path) -> Path:
    return home / "etc" / "smb.conf"


def _run(*command: str) -> None:
    environment = os.environ | {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
    program = shutil.which(command[0], path=environment["PATH"]) or command[0]
    done = subprocess.run(  # noqa: S603
        [program, *command[1:]], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, (command, done.stderr[-2000:])


def _wait() -> None:
    ends_at = time.monotonic() + 30
    while time.monotonic() < ends_at:
        try:
            socket.create_connection((HOST, 636), timeout=1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    message = "Samba did not start in 30 s"
    raise RuntimeError(message)
