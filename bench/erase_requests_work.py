"""The measuring part of `erase_requests`, in a process with the installation's settings.

How each phase went is told on the way: seconds, seconds of this process's processor time, requests
to the store and transactions of the database, by object.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import django

django.setup()

from botocore.httpsession import URLLib3Session  # noqa: E402 - configured now
from django.conf import settings  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from bench.erase_ndjson import line  # noqa: E402
from bench.measurements import Row, seconds_of  # noqa: E402
from governance.isolation.scopes import namespace_scope  # noqa: E402
from governance.secrets import sealing  # noqa: E402
from purge import wiring  # noqa: E402
from purge.management.terminal import Terminal  # noqa: E402
from purge.models import Dataset, ErasureRequest, StorageLayer  # noqa: E402
from purge.ports import LayerKind  # noqa: E402
from purge.services import decisions, erasure_requests, erasures, indexing, locating  # noqa: E402
from purge.services.erasure_requests import Wish  # noqa: E402
from tests.factories import tenancy  # noqa: E402
from tests.servers import seaweedfs  # noqa: E402

OBJECTS = int(os.environ.get("BENCH_REQUEST_OBJECTS", "1000"))
KIB = int(os.environ.get("BENCH_REQUEST_KIB", "16"))
FAR_SECONDS = 0.02
PEOPLE, AT_ONCE = 10, 8
KEYS = {"access_key_id": seaweedfs.ACCESS_KEY, "secret_access_key": seaweedfs.SECRET_KEY}
IDENTIFIERS = [{"name": "customer_id", "path": "customer_id", "type": "integer"}]
TRANSACTIONS = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


class Wire:
    """Every request that leaves this process for the store: counted, and as far away as wanted."""

    def __init__(self) -> None:
        self.requests = 0
        self.away = 0.0
        send = URLLib3Session.send

        def counted(session: object, request: object) -> Any:  # noqa: ANN401 - botocore's
            self.requests += 1
            time.sleep(self.away)
            return send(session, request)

        URLLib3Session.send = counted


class Place(Protocol):
    """Where the objects are: `ours/` is a storage layer, and `peer/` somebody else's."""

    kind: LayerKind
    peer_does: str
    credentials: str

    def options(self) -> dict[str, str]: ...

    def put(self, key: str, content: bytes) -> None: ...

    def get(self, key: str) -> bytes: ...


class Bucket:
    """A path of the store's."""

    kind = LayerKind.S3
    peer_does = "download, parse, upload, look"
    credentials = json.dumps(KEYS)

    def __init__(self, endpoint_url: str, name: str) -> None:
        self._endpoint_url = endpoint_url
        self._path = name
        self._client = seaweedfs.S3Store(endpoint_url, 0).client()

    def options(self) -> dict[str, str]:
        return {
            "bucket": seaweedfs.PLAIN,
            "path": f"{self._path}/ours",
            "endpoint_url": self._endpoint_url,
            "addressing_style": "path",
        }

    def put(self, key: str, content: bytes) -> None:
        place = {"Bucket": seaweedfs.PLAIN, "Key": f"{self._path}/{key}"}
        self._client.put_object(**place, Body=content)

    def get(self, key: str) -> bytes:
        place = {"Bucket": seaweedfs.PLAIN, "Key": f"{self._path}/{key}"}
        content: bytes = self._client.get_object(**place)["Body"].read()
        return content


class Folder:
    """A folder of the namespace's."""

    kind = LayerKind.FILESYSTEM
    peer_does = "parse, rewrite, sync, look"
    credentials = ""

    def __init__(self, name: str) -> None:
        self._home = Path(settings.LAKE_ROOTS[0]) / name
        for part in ("ours", "peer"):
            (self._home / part).mkdir(parents=True)

    def options(self) -> dict[str, str]:
        return {"path": "ours"}

    def put(self, key: str, content: bytes) -> None:
        fresh = self._home / f"{key}.new"
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._home / key)

    def get(self, key: str) -> bytes:
        return (self._home / key).read_bytes()


class Lake:
    """A place with its dataset, and people who decide."""

    def __init__(self, wire: Wire, place: Place, name: str) -> None:
        self.wire = wire
        self.place = place
        self.name = name
        self.lake = wiring.lake()
        content = _content()
        for number in range(OBJECTS):
            for part in ("ours", "peer"):
                place.put(f"{part}/{number}.ndjson", content)
        self.namespace = tenancy.a_namespace(name)
        self.work = Terminal(self.namespace.pk)
        with namespace_scope(self.namespace.pk):
            self.ivan = tenancy.a_user(f"ivan-{name}", roles=["admin"])
            self.olga = tenancy.a_user(f"olga-{name}", roles=["officer"])
            layer = StorageLayer.objects.create(name=name, kind=place.kind, options=place.options())
            sealing.put(layer, "credentials", place.credentials)
            layer.save()
            self.dataset = Dataset.objects.create(storage_layer=layer, identifiers=IDENTIFIERS)

    def index(self) -> None:
        indexing.refresh(
            dataset_id=self.dataset.pk, work=self.work, lake=self.lake, clock=timezone.now
        )

    def erase(self) -> float:
        """The seconds that its phases take together."""
        with namespace_scope(self.namespace.pk):
            request = self._asked()
        seconds = self._told("locate", lambda: self._locate(request))
        seconds += self._told("approve", lambda: self._approve(request))
        seconds += self._told("purge, verify", lambda: self._carry_out(request))
        with namespace_scope(self.namespace.pk):
            request.refresh_from_db()
        if request.state != "completed":
            raise RuntimeError(request.state, request.problems)
        return seconds

    def _asked(self) -> ErasureRequest:
        people = [{"customer_id": one} for one in range(PEOPLE)]
        return erasure_requests.ask(
            wish=Wish(people=people, reason="Asked by letter"),
            actor=tenancy.an_actor(self.ivan),
            now=timezone.now(),
        )

    def _locate(self, request: ErasureRequest) -> None:
        locating.locate(request_id=request.pk, work=self.work, lake=self.lake, clock=timezone.now)

    def _approve(self, request: ErasureRequest) -> None:
        with namespace_scope(self.namespace.pk):
            request.refresh_from_db()
            decisions.approve(
                request_id=request.pk,
                report_hash=request.report_hash,
                lake=self.lake,
                actor=tenancy.an_actor(self.olga, role="officer"),
                now=timezone.now(),
            )

    def _carry_out(self, request: ErasureRequest) -> None:
        erasures.erase(request_id=request.pk, work=self.work, lake=self.lake, clock=timezone.now)

    def _told(self, phase: str, act: Callable[[], None]) -> float:
        transactions = _transactions()
        requests, cpu = self.wire.requests, time.process_time()
        seconds = seconds_of(act)
        cpu = time.process_time() - cpu
        sys.stderr.write(
            f"{self.name:<12} {phase:<14} {seconds:6.2f} s  {cpu:6.2f} s CPU"
            f"  {(self.wire.requests - requests) / OBJECTS:5.2f} requests"
            f"  {(_transactions() - transactions) / OBJECTS:6.2f} transactions an object\n"
        )
        return seconds

    def rewrite_all(self) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._rewrite, range(OBJECTS)))
            if sum(pool.map(self._left, range(OBJECTS))):
                raise LookupError

    def _rewrite(self, number: int) -> None:
        key = f"peer/{number}.ndjson"
        lines = self.place.get(key).splitlines(keepends=True)
        kept = [one for one in lines if json.loads(one)["customer_id"] not in range(PEOPLE)]
        self.place.put(key, b"".join(kept))

    def _left(self, number: int) -> int:
        lines = self.place.get(f"peer/{number}.ndjson").splitlines()
        return sum(json.loads(one)["customer_id"] in range(PEOPLE) for one in lines)


def _content() -> bytes:
    """A record of each of the people, scattered."""
    lines: list[bytes] = []
    offset, met, every = 0, 0, (KIB << 10) // (PEOPLE + 1)
    while offset < KIB << 10:
        is_theirs = met < PEOPLE and offset >= (met + 1) * every
        lines.append(line(met if is_theirs else -1, offset))
        met += is_theirs
        offset += len(lines[-1])
    return b"".join(lines)


def _transactions() -> int:
    """So far, of whoever ended one a moment ago."""
    connections.close_all()
    time.sleep(1.5)  # A server's process tells of them now and then, and when it ends.
    with connection.cursor() as cursor:
        cursor.execute(TRANSACTIONS)
        row = cursor.fetchone()
    return 0 if row is None else int(row[0])


def rows(endpoint_url: str) -> Iterator[Row]:
    wire = Wire()
    yield _row(wire, Folder("folder"), "folder", "a folder")
    yield _row(wire, Bucket(endpoint_url, "near"), "near", "S3")
    away = f"{FAR_SECONDS * 1000:.0f} ms away"
    yield _row(wire, Bucket(endpoint_url, "far"), "far", f"S3, {away}", away=FAR_SECONDS)


def _row(wire: Wire, place: Place, name: str, where: str, *, away: float = 0.0) -> Row:
    lake = Lake(wire, place, name)
    lake.index()
    wire.away = away
    ours, peer = lake.erase(), seconds_of(lake.rewrite_all)
    wire.away = 0.0
    return Row(
        what=f"A whole erasure: {PEOPLE} people, {OBJECTS} objects of {KIB} KiB, {where}",
        ours_seconds=ours,
        peer=place.peer_does,
        peer_seconds=peer,
    )


if __name__ == "__main__":
    for row in rows(sys.argv[1]):
        sys.stdout.write(json.dumps(asdict(row)) + "\n")
        sys.stdout.flush()
