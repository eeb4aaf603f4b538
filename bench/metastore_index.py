"""The metastore index at millions of records: a look-up, its bytes, and building it.

A look-up asks for a fingerprint among all, in the namespace's scope, as an erasure does, and is
held against the bar of ten milliseconds. Bytes are the table's with its indexes, against the bar of
ninety a record. `BENCH_INDEX_MILLIONS` sets how many millions of records (10).

The build reads an ndjson object, fingerprints its identifier and commits; its peer is DuckDB
reading the same column of the same file, on as many cores as we have workers, for ours share a
lake by objects. `BENCH_BUILD_MIB` sets the size (256). The server has
written its log before, as any but a new one has: else making the log's files is what is measured.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from bench.measurements import Row
from bench.services import ROOT, Installation, installation

A_LOG = "CREATE TABLE written AS SELECT generate_series(1, 10000000) AS number"


def rows() -> Iterator[Row]:
    """Measured in a process of its own, whose settings are the installation's."""
    with installation() as made:
        _write_a_log(made)
        passed = {name: value for name, value in os.environ.items() if name.startswith("BENCH_")}
        with subprocess.Popen(
            [sys.executable, "-m", "bench.metastore_index_work"],
            cwd=ROOT,
            env={
                **passed,
                **made.environment,
                "DJANGO_SETTINGS_MODULE": "governance.project.settings",
            },
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            for line in child.stdout or ():
                yield Row(**json.loads(line))
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, child.args)


def _write_a_log(made: Installation) -> None:
    with made.embedded.postgres.connect() as root:
        root.execute(A_LOG)
        root.execute("DROP TABLE written")
        root.execute("CHECKPOINT")
