"""Single files of a filesystem layer: reading one, writing its next version, naming what failed."""

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from purge.domain.spans import Fresh, Keep, Segment, Span
from purge.ports import LayerInvalid, ObjectChanged, ObjectUnreachable

OURS = ".lakewarden-"
"""How the names of our temporary files begin. Readers of a lake skip names with a dot."""

COPY_AT_ONCE = 1 << 30
READ_AT_ONCE = 1 << 17


class OpenFile:
    """Implements `purge.ports.ReadableObject` over a descriptor that the layer closes."""

    def __init__(self, opened: int) -> None:
        self._opened = opened
        self.size = os.fstat(opened).st_size

    def stream(self) -> BinaryIO:
        os.lseek(self._opened, 0, os.SEEK_SET)
        return os.fdopen(self._opened, "rb", buffering=READ_AT_ONCE, closefd=False)

    def read(self, span: Span) -> bytes:
        return os.pread(self._opened, span.length, span.offset)


def parts_of(path: str) -> tuple[str, ...]:
    parts = tuple(path.strip("/").split("/"))
    if any(part in {"", ".", ".."} or "\0" in part for part in parts):
        raise LayerInvalid(why="a path has empty, '.' or '..' parts")
    return parts


def place(folder: Path) -> str:
    """What the absolute names of things in the folder begin with."""
    return f"file://{folder}/"


def fresh_name(attempt: str) -> str:
    return f"{OURS}{attempt}.new"


def is_next_version(name: str) -> bool:
    return name.startswith(OURS) and name.endswith(".new")


def aside_name(name: str, version: str) -> str:
    """The same each time, so that a second attempt finds what the first one left."""
    digest = hashlib.sha256(f"{name}\0{version}".encode()).hexdigest()
    return f"{OURS}{digest[:32]}.gone"


def printable(key: str) -> str:
    return key.encode("utf-8", "backslashreplace").decode()


def reason_of(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "symbolic_link"
    return errno.errorcode.get(error.errno or 0, "EIO").lower()


def told(error: OSError | ObjectUnreachable) -> str:
    return str(error) if isinstance(error, ObjectUnreachable) else (error.strerror or str(error))


@contextmanager
def told_as_unreachable() -> Iterator[None]:
    """What the system refuses becomes a reason in the report. A missing object is no error here."""
    try:
        yield
    except FileNotFoundError:
        return
    except OSError as error:
        raise ObjectUnreachable(reason=reason_of(error)) from error


def write_fresh(folder: int, name: str, source: int, segments: Iterable[Segment]) -> os.stat_result:
    old = os.fstat(source)
    if old.st_nlink > 1:
        # Another name for the same bytes would keep the record.
        raise ObjectUnreachable(reason="hard_links")
    target = os.open(
        name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=folder
    )
    try:
        for segment in segments:
            match segment:
                case Keep():
                    _copy(source, target, segment)
                case Fresh():
                    _write_all(target, segment.content)
        if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
            os.fchown(target, old.st_uid, old.st_gid)
        _copy_attributes(source, target)
        os.fchmod(target, stat.S_IMODE(old.st_mode))
        os.fsync(target)
        return os.fstat(target)
    finally:
        os.close(target)


def _copy_attributes(source: int, target: int) -> None:
    """Extended attributes, access lists among them, where the file system has any."""
    try:
        names = os.listxattr(source)
    except OSError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        return
    for name in names:
        os.setxattr(target, name, os.getxattr(source, name))


def _copy(source: int, target: int, keep: Keep) -> None:
    """Inside the kernel; on some file systems without moving a byte."""
    at, left = keep.offset, keep.length
    while left:
        try:
            copied = os.copy_file_range(source, target, min(left, COPY_AT_ONCE), at)
        except OSError as error:
            if error.errno not in {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}:
                raise
            copied = os.sendfile(target, source, at, min(left, COPY_AT_ONCE))
        if not copied:
            raise ObjectChanged
        at, left = at + copied, left - copied


def _write_all(target: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(target, left) :]
