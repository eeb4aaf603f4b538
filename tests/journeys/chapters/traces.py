"""What an installation keeps, looked through for a name that nothing may keep (T67)."""

import re
import subprocess
import zlib
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

from redis import Redis

from governance.project.embedded import postgres
from governance.project.embedded.folders import DataFolder
from tests.journeys.service import Service
from tests.journeys.stage import NAMESPACE, Scene


def nothing_names(scene: Scene, value: str, *, but_kept: str, request_id: str) -> None:
    """Not a column, a key, a log, a mail or an export; nor any other byte of data, or of the lake.

    `but_kept` is something that the database does keep, so that the search has found its rows.
    """
    dump, keys = dumped(scene.service), kept_in_valkey(scene.service)
    assert but_kept in dump
    assert files_that_name(scene.service, but_kept)
    assert keys
    kept = {
        "database": dump,
        "Valkey": keys,
        "logs": scene.service.logs(),
        "mails": "".join(each.as_string() for each in scene.mail.received),
    }
    assert [what for what, text in kept.items() if names(text.encode(), value)] == []
    assert files_that_name(scene.service, value) == []
    exports = exported(scene, request_id)
    assert all(request_id.encode() in content for content in exports.values())
    assert [what for what, content in exports.items() if names(content, value)] == []


def exported(scene: Scene, request_id: str) -> dict[str, bytes]:
    """What anybody can take away: the trail, the report, the certificates, the page."""
    rest = f"{scene.origin}/api/v1/namespaces/{NAMESPACE}"
    erasure = f"{rest}/erasure-requests/{request_id}"
    page = f"{scene.portal}/erasures/{request_id}"
    taken = {
        ("ivan", "trail as lines"): f"{rest}/audit-events/export/",
        ("ivan", "trail as csv"): f"{rest}/audit-events/export/?format=csv",
        ("ivan", "request"): f"{erasure}/",
        ("ivan", "report"): f"{erasure}/report/",
        ("ivan", "certificate"): f"{erasure}/certificate/",
        ("ivan", "certificate on paper"): f"{erasure}/certificate/?format=pdf",
        ("olga", "page"): f"{page}/",
        ("olga", "certificate of the page"): f"{page}/certificate.json",
    }
    found = {}
    for (who, what), address in taken.items():
        answer = scene.person(who).page.context.request.get(address)
        assert answer.ok, f"{what}: {answer.status}"
        found[what] = unpacked(answer.body())
    return found


def unpacked(content: bytes) -> bytes:
    """With what a PDF has compressed."""
    if not content.startswith(b"%PDF"):
        return content
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    texts = []
    for one in streams:
        with suppress(zlib.error):
            texts.append(zlib.decompress(one))
    return content + b"".join(texts)


def names(content: bytes, value: str) -> bool:
    """As it is, or as PostgreSQL writes bytes."""
    return value.encode() in content or value.encode().hex().encode() in content


def files_that_name(service: Service, value: str) -> list[str]:
    found = []
    for file in sorted(service.home.rglob("*")):
        with suppress(FileNotFoundError):  # the servers work on
            if file.is_file() and names(file.read_bytes(), value):
                found.append(str(file))
    return found


def dumped(service: Service) -> str:
    """All rows of all tables, as the superuser sees them."""
    home = DataFolder(service.home)
    url = urlsplit(home.database_url_file.read_text().strip())
    program = postgres.wheel_package().installed / postgres.PROGRAMS / "bin/pg_dump"
    done = subprocess.run(  # noqa: S603
        [
            str(program),
            f"--host={parse_qs(url.query)['host'][0]}",
            f"--username={postgres.ROOT_ROLE}",
            postgres.DATABASE,
        ],
        env={**postgres.CLEAN_ENVIRONMENT, "PGPASSWORD": home.password(postgres.ROOT_ROLE)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def kept_in_valkey(service: Service) -> str:
    """Every key with what it holds."""
    with Redis.from_url(DataFolder(service.home).redis_url_file.read_text().strip()) as client:
        readers = {
            b"string": client.get,
            b"hash": client.hgetall,
            b"list": lambda key: client.lrange(key, 0, -1),
            b"set": client.smembers,
            b"zset": lambda key: client.zrange(key, 0, -1),
            b"stream": client.xrange,
        }
        return "\n".join(
            f"{key} {readers[client.type(key)](key)}"
            for key in client.scan_iter()
            if client.type(key) in readers
        )
