"""A whole erasure of ten people from a thousand small objects: from request to certificate.

The objects are indexed. Ours locates the records and makes the report, an officer approves, each
object is cut under its own step, every object is read again, and the certificate is made: with the
database, as a worker does it. The peer has none of that: it reads, parses and writes every object,
and reads and parses it once more to look again, as many at a time as ours. In a folder, then in a
bucket. A store on
loopback answers at once: in the last row every request of both waits for 20 ms, as for a store in
the same region. `BENCH_REQUEST_OBJECTS` sets how many (1000), `BENCH_REQUEST_KIB` how large (16).
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.measurements import Row
from bench.services import ROOT, installation
from tests.servers import seaweedfs


def rows() -> Iterator[Row]:
    """Measured in a process of its own, whose settings are the installation's."""
    with (
        installation() as made,
        tempfile.TemporaryDirectory(prefix="lakewarden-bench-") as folder,
    ):
        store = seaweedfs.ensure_started(Path(folder))
        passed = {name: value for name, value in os.environ.items() if name.startswith("BENCH_")}
        try:
            with subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "bench.erase_requests_work", store.endpoint_url],
                cwd=ROOT,
                env={
                    **passed,
                    **made.environment,
                    "S3_ENDPOINTS": store.endpoint_url,
                    "DJANGO_SETTINGS_MODULE": "governance.project.settings",
                },
                stdout=subprocess.PIPE,
                text=True,
            ) as child:
                for line in child.stdout or ():
                    yield Row(**json.loads(line))
            if child.returncode:
                raise subprocess.CalledProcessError(child.returncode, child.args)
        finally:
            seaweedfs.stop(Path(folder))
