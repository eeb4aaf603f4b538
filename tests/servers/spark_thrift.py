"""A real Spark Thrift Server on loopback: of the package PySpark, in some twenty seconds."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.requirements import miss_service

START_SECONDS = 180


@dataclass(frozen=True)
class SparkServer:
    port: int
    log: Path


@contextmanager
def running(folder: Path, *, authentication: str = "NONE") -> Iterator[SparkServer]:
    """The server, for as long as the block; its sessions know the catalogue in memory alone."""
    home = _home()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = folder / "spark.log"
    with log.open("wb") as written:
        process = subprocess.Popen(  # noqa: S603 - our own words
            _command(home, folder, port, authentication),
            cwd=folder,
            env={**os.environ, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1"},
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
    try:
        _wait(process, port, log)
        yield SparkServer(port=port, log=log)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _home() -> Path:
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        miss_service("PySpark", reason="run make spark")
    if shutil.which("java") is None:
        miss_service("Java", reason="install the Debian package default-jre-headless")
    return Path(found.origin).parent


def _command(home: Path, folder: Path, port: int, authentication: str) -> list[str]:
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={folder}",
    }
    metastore = f"jdbc:derby:;databaseName={folder}/metastore;create=true"
    hive = {
        "hive.server2.thrift.port": str(port),
        "hive.server2.thrift.bind.host": "127.0.0.1",
        "hive.server2.authentication": authentication,
        # Closing a session asks Hive's metastore, which otherwise fails for seconds.
        "javax.jdo.option.ConnectionURL": metastore,
    }
    return [
        str(home / "bin" / "spark-submit"),
        *("--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"),
        *("--master", "local[2]", "--driver-memory", "1g"),
        *(part for name, value in settings.items() for part in ("--conf", f"{name}={value}")),
        "spark-internal",
        *(part for name, value in hive.items() for part in ("--hiveconf", f"{name}={value}")),
    ]


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as wire:
            wire.settimeout(1)
            if wire.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.5)
    message = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise RuntimeError(message)
