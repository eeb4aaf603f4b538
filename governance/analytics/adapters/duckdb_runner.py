"""The process that runs SQL: a script of its own, started by `runner_process.py`.

It imports nothing of Lakewarden, has no environment, no network and no files but those it was
granted. It reads one JSON line per job from stdin, answers in JSON lines on stdout, and ends
when stdin closes, so that it never outlives the worker that started it.

The walls, outermost first: Landlock (where the kernel has it) limits the whole process to
reading the granted folders and writing its scratch folder; DuckDB's own `allowed_paths` limits
each job to the files of its plan; then external access goes off and the configuration is locked.
"""

import ctypes
import json
import os
import resource
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.ipc

PROGRESS_SECONDS = 0.25
BATCH_ROWS = 10_000
HARDENED: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "enable_external_file_cache": "false",
}

# linux/landlock.h
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH, _GET_VERSION, _NO_NEW_PRIVS = 1, 1, 38
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_RIGHTS_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_NET_ABI, _SCOPED_ABI = 4, 6


class ResultTooLarge(Exception):  # noqa: N818 - an answer, not an error
    pass


def main() -> None:
    grants = json.loads(sys.stdin.readline())
    say = _speaker()
    _limit_process()
    walled = _landlock(read=grants["read"], write=[grants["scratch"]])
    say({"ready": True, "landlock": walled})
    jobs: list[dict[str, Any]] = []
    arrived = threading.Semaphore(0)
    threading.Thread(target=_listen, args=(jobs, arrived), daemon=True).start()
    while True:
        arrived.acquire()
        say(run(jobs.pop(0), say))


def run(job: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Run one job to its end and describe the end."""
    started, cpu, read = time.monotonic(), time.process_time(), _bytes_read()
    answer: dict[str, Any] = {"end": "failed", "error": "", "columns": [], "rows": 0}
    con = duckdb.connect(":memory:", config=HARDENED)
    done = threading.Event()
    made = {"rows": 0}
    watcher = threading.Thread(
        target=_report,
        args=(con, done, lambda percent: say(_so_far(job, percent, read, made["rows"]))),
        daemon=True,
    )
    try:
        _lock_down(con, job)
        watcher.start()
        answer["columns"], answer["rows"] = _write_result(con, job, made)
        answer["end"] = "succeeded"
    except duckdb.OutOfMemoryException as error:
        answer |= {"end": "out_of_memory", "error": str(error)}
    except ResultTooLarge as error:
        answer |= {"end": "result_too_large", "error": str(error)}
    except (duckdb.Error, pa.ArrowException, ValueError, TypeError) as error:
        answer |= {"end": "failed", "error": str(error)}
    finally:
        done.set()
    answer |= _measured(con, files=job["files"], fallback=_bytes_read() - read)
    con.close()
    answer["cpu_ms"] = round((time.process_time() - cpu) * 1000)
    answer["run_ms"] = round((time.monotonic() - started) * 1000)
    return answer


def _lock_down(con: duckdb.DuckDBPyConnection, job: dict[str, Any]) -> None:
    """Order counts: the grants before external access goes off, the lock last of all."""
    con.execute("SET python_enable_replacements=false")
    con.execute("PRAGMA enable_profiling='no_output'")
    con.execute(f"SET memory_limit='{int(job['memory'])}B'")
    con.execute(f"SET threads={int(job['threads'])}")
    con.execute(f"SET temp_directory={_text(job['temp'])}")
    con.execute(f"SET max_temp_directory_size='{int(job['temp_bytes'])}B'")
    con.execute("SET TimeZone='UTC'")
    con.execute(f"SET allowed_paths=[{', '.join(_text(path) for path in job['files'])}]")
    con.execute("SET enable_external_access=false")
    con.execute("SET lock_configuration=true")
    for statement in job["setup"]:
        con.execute(statement)


def _write_result(
    con: duckdb.DuckDBPyConnection, job: dict[str, Any], made: dict[str, int]
) -> tuple[list[tuple[str, str]], int]:
    _check_is_one_select(con, job["sql"])
    relation = con.sql(job["sql"], params=job["parameters"] or None)
    if job["sql"].startswith("EXPLAIN "):
        relation = _explained(con, relation, job["hidden"])
    reader = relation.to_arrow_reader(BATCH_ROWS)
    columns = [(field.name, str(field.type)) for field in reader.schema]
    rows = 0
    with (
        pa.OSFile(job["result"], "wb") as sink,
        pa.ipc.new_file(sink, reader.schema) as writer,
    ):
        for batch in reader:
            rows += batch.num_rows
            made["rows"] = rows
            if rows > job["result_rows"]:
                message = f"The result has more than {job['result_rows']} rows."
                raise ResultTooLarge(message)
            writer.write_batch(batch)
            if sink.tell() > job["result_bytes"]:
                message = f"The result is larger than {job['result_bytes']} bytes."
                raise ResultTooLarge(message)
    return columns, rows


def _check_is_one_select(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    """A writer of SQL that let a semicolon through would be noticed here."""
    kinds = [statement.type for statement in con.extract_statements(sql)]
    if kinds not in ([duckdb.StatementType.SELECT], [duckdb.StatementType.EXPLAIN]):
        message = "This is not one SELECT."
        raise ValueError(message)


def _explained(
    con: duckdb.DuckDBPyConnection, relation: duckdb.DuckDBPyRelation, hidden: str
) -> duckdb.DuckDBPyRelation:
    """The plan's lines as Hive gives them, without the folder that the lake lies in."""
    text = "\n".join(str(row[-1]) for row in relation.fetchall())
    lines = [line.replace(hidden, "") for line in text.splitlines()]
    return con.sql("SELECT unnest($lines) AS plan", params={"lines": lines})


def _measured(
    con: duckdb.DuckDBPyConnection, *, files: list[str], fallback: int
) -> dict[str, int | None]:
    """From DuckDB's profile; a query that did not finish has none, so the process's own count.

    What was spilled and read back, and what was read twice to guess a csv's columns, is in
    DuckDB's count too and is no scan: the files' sizes, once for each scan, are the bound.
    """
    profile = json.loads(con.get_profiling_information("json"))
    inout = profile.get("io", {})
    scans = list(_scans(profile.get("operator", [])))
    read, spilled = inout.get("total_bytes_read"), inout.get("total_bytes_written", 0)
    sizes = sum(Path(path).stat().st_size for path in files)
    read = min(fallback if read is None else read, sizes * max(len(scans), 1))
    return {
        "bytes": max(int(read), 0),
        "rows_scanned": sum(scans) if scans else None,
        "spilled": int(spilled),
    }


def _scans(operators: list[dict[str, Any]]) -> Iterator[int]:
    for operator in operators:
        if "rows_scanned" in operator:
            yield int(operator["rows_scanned"])
        yield from _scans(operator.get("children", []))


def _report(
    con: duckdb.DuckDBPyConnection, done: threading.Event, tell: Callable[[float], None]
) -> None:
    while not done.wait(PROGRESS_SECONDS):
        tell(con.query_progress())


def _so_far(job: dict[str, Any], percent: float, read: int, rows: int) -> dict[str, Any]:
    """Without files there is nothing to scan: what the process reads is its own."""
    return {
        "progress": percent / 100 if percent >= 0 else None,
        "bytes": max(_bytes_read() - read, 0) if job["files"] else 0,
        "cpu_ms": round(time.process_time() * 1000),
        "rows": rows,
        "spilled": _size_of(Path(job["temp"])),
    }


def _size_of(folder: Path) -> int:
    """What lies in the folder now; what goes while we look is not counted."""
    size = 0
    with suppress(OSError):
        for entry in folder.iterdir():
            with suppress(OSError):
                size += entry.stat().st_size
    return size


def _bytes_read() -> int:
    try:
        lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return int(next(line.split()[1] for line in lines if line.startswith("rchar")))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _speaker() -> Callable[[dict[str, Any]], None]:
    """Take stdout for ourselves: whatever a library prints goes to stderr."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lock = threading.Lock()

    def say(message: dict[str, Any]) -> None:
        with lock:
            channel.write(json.dumps(message) + "\n")
            channel.flush()

    return say


def _listen(jobs: list[dict[str, Any]], arrived: threading.Semaphore) -> None:
    for line in sys.stdin:
        jobs.append(json.loads(line))
        arrived.release()
    os._exit(0)  # whoever started us is gone


def _limit_process() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # The kernel, short of memory, takes this process before the worker that started it.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _landlock(*, read: list[str], write: list[str]) -> bool:
    """Give up every file but these, and TCP. False where the kernel has no Landlock."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    abi = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _GET_VERSION)
    if abi < 1:
        return False
    rights = _RIGHTS_BY_ABI[max(known for known in _RIGHTS_BY_ABI if known <= abi)]
    net, scoped = (3 if abi >= _NET_ABI else 0), (3 if abi >= _SCOPED_ABI else 0)
    wanted = (struct.pack("QQQ", rights, net, scoped))[: 24 if abi >= _SCOPED_ABI else 16]
    wanted = wanted if abi >= _NET_ABI else wanted[:8]
    ruleset = libc.syscall(_CREATE_RULESET, wanted, ctypes.c_size_t(len(wanted)), 0)
    if ruleset < 0:
        return False
    system = (sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64", "/proc", "/sys/fs/cgroup")
    for path in (*system, "/etc/localtime", *read):
        _grant(libc, ruleset, path, rights & _READ)
    for path in write:
        _grant(libc, ruleset, path, rights & ~_EXECUTE)
    libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)


def _grant(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not Path(path).is_dir():
        rights &= _EXECUTE | _WRITE_FILE | _READ_FILE
    libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, struct.pack("=Qi", rights, opened), 0)
    os.close(opened)


if __name__ == "__main__":
    main()
