"""The metastore index at millions of records: a look-up, its bytes, and building it.

A look-up asks for a fingerprint among all, in the namespace's scope, as an erasure does, and is
held against the bar of ten milliseconds. Bytes are the table's with its indexes, against the bar of
ninety a record. `BENCH_INDEX_MILLIONS` sets how many millions of records (10).

The build reads an ndjson object, fingerprints its identifier and commits; its peer is DuckDB
reading the same column of the same file. `BENCH_BUILD_MIB` sets the size (256).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

from bench.measurements import Row
from bench.services import ROOT, installation


def rows() -> Iterator[Row]:
    """Measured in a process of its own, whose settings are the installation's."""
    with installation() as made:
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
