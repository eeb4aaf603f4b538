"""pysaml2 as an identity provider that a test scripts, over https on this machine.

The program (`pysaml2_program.py`) reads `script.json` anew on every request: who is in which
group, which key signs, which certificates its metadata shows, whether it encrypts. A browser
says who sits at it with the cookie `person`; there is no password.
"""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from governance.project.embedded import children
from tests.fakes.idp import a_key_pair
from tests.servers.certificates import Authority

ROOT = Path(__file__).resolve().parents[2]
KEYS = ("first", "second", "third")
ENCRYPTIONS: Mapping[str, Mapping[str, str]] = {
    "none": {},
    "aes-gcm": {"method": "http://www.w3.org/2009/xmlenc11#aes256-gcm", "key": "aes-256"},
    "aes-cbc": {"method": "http://www.w3.org/2001/04/xmlenc#aes128-cbc", "key": "aes-128"},
    # What pysaml2 does unless it is told otherwise.
    "default": {"method": "http://www.w3.org/2001/04/xmlenc#tripledes-cbc", "key": "des-192"},
}


@dataclass(frozen=True)
class PySAML2:
    """A running identity provider. `authority` is the file of what its clients have to trust."""

    port: int
    folder: Path
    authority: Path

    @property
    def base(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def metadata_url(self) -> str:
        return f"{self.base}/metadata"

    def know_service(self, metadata: str) -> None:
        (self.folder / "service.xml").write_text(metadata, encoding="utf-8")

    def say(self, **changes: object) -> None:
        """Change the script, in one step for whoever reads it."""
        path = self.folder / "script.json"
        new = path.with_suffix(".new")
        new.write_text(json.dumps(json.loads(path.read_text()) | changes), encoding="utf-8")
        new.rename(path)

    def set_groups(self, person: str, groups: Sequence[str]) -> None:
        people = json.loads((self.folder / "script.json").read_text())["people"]
        self.say(people=people | {person: list(groups)})

    def encrypt(self, how: str) -> None:
        self.say(encryption=ENCRYPTIONS[how])

    def metadata_requests(self) -> int:
        """How often its metadata was asked for."""
        return len((self.folder / "metadata.log").read_text().splitlines())


def is_installed() -> bool:
    return shutil.which("xmlsec1") is not None


@contextmanager
def running() -> Iterator[PySAML2]:
    with tempfile.TemporaryDirectory(prefix="lakewarden-pysaml2-") as name:
        server = PySAML2(
            port=_free_port(), folder=Path(name), authority=Path(name) / "authority.pem"
        )
        _write(server)
        with (server.folder / "program.log").open("w", encoding="utf-8") as log:
            process = subprocess.Popen(  # noqa: S603 - our own arguments
                [sys.executable, "-m", "tests.servers.pysaml2_program", name, str(server.port)],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], "PYTHONWARNINGS": "ignore"},
                stderr=log,
            )
        try:
            _wait(server, process)
            (server.folder / "metadata.log").write_text("")
            yield server
        finally:
            children.stop(process, by=signal.SIGTERM, patience_seconds=10)


def _write(server: PySAML2) -> None:
    authority = Authority.create("pysaml2")
    server.authority.write_text(authority.pem, encoding="utf-8")
    tls = "".join(authority.issue(ips=["127.0.0.1"]))
    (server.folder / "tls.pem").write_text(tls, encoding="utf-8")
    for label in KEYS:
        pair = a_key_pair(f"pysaml2-{label}")
        (server.folder / f"{label}.key").write_bytes(pair.private_pem)
        (server.folder / f"{label}.crt").write_text(pair.certificate_pem, encoding="utf-8")
    script = {
        "people": {"joe": ["QuickSight-Admin"], "ann": ["QuickSight-Author"]},
        "signing": KEYS[0],
        "published": [KEYS[0]],
        "sign_response": False,
        "encryption": {},
    }
    (server.folder / "script.json").write_text(json.dumps(script), encoding="utf-8")
    (server.folder / "metadata.log").write_text("")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(server: PySAML2, process: subprocess.Popen[bytes]) -> None:
    trusting = ssl.create_default_context(cafile=str(server.authority))
    for _ in range(200):
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(server.metadata_url, context=trusting, timeout=10).close()  # noqa: S310 - ours
        except OSError:
            time.sleep(0.1)
        else:
            return
    message = f"pysaml2 did not answer: {(server.folder / 'program.log').read_text()[-2000:]}"
    raise RuntimeError(message)
