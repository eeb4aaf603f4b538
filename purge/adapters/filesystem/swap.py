"""Putting a new file in the place of another one, on Linux, so that no writer's work is lost.

Two kernel features close the gap between "is it still the same file?" and the rename. A read
lease is refused while anyone has the file open for writing, and tells of anyone who tries to.
RENAME_EXCHANGE swaps the names in one step, so that whatever was at the name in that very moment
is still there to be looked at, and put back if it was not what we replaced. Where a file system
has neither (network mounts), a version check right before the rename remains.
"""

import ctypes
import errno
import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from purge.ports import ObjectChanged, ObjectUnreachable

RENAME_EXCHANGE = 2
NOT_SUPPORTED = frozenset(
    {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EACCES, errno.EPERM, errno.ENOLCK}
)

_libc = ctypes.CDLL(None, use_errno=True)


def version_of(found: os.stat_result) -> str:
    """Size, modification time and inode: a rewrite by rename or in place changes one of them."""
    return f"{found.st_size}-{found.st_mtime_ns}-{found.st_ino}"


def version_at(*, folder: int, name: str) -> str:
    return version_of(os.stat(name, dir_fd=folder, follow_symlinks=False))


def swap(*, folder: int, name: str, fresh: str, old_version: str, new_version: str) -> None:
    """Give `name` to the file `fresh` and remove the old one, if that is still `old_version`.

    Raises ObjectChanged with `name` untouched otherwise. A crash half-way leaves the old file at
    `fresh`; the caller removes that name when it resumes.
    """
    if version_at(folder=folder, name=fresh) != new_version:
        raise ObjectChanged
    old = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        with _lease(old) as leased:
            if version_of(os.fstat(old)) != old_version:
                raise ObjectChanged
            if not _exchange(folder, name, fresh):
                os.rename(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)
                return
            displaced = version_at(folder=folder, name=fresh)
            if displaced != old_version or (leased and not _is_unbroken(old)):
                _put_back(folder=folder, name=name, fresh=fresh, new_version=new_version)
                raise ObjectChanged
            os.unlink(fresh, dir_fd=folder)
            os.fsync(folder)
    finally:
        os.close(old)


def take_away(*, folder: int, name: str, aside: str, version: str) -> None:
    """Remove the file at `name` if it still is that version; otherwise leave what is there.

    It is first renamed to `aside` and looked at again. A crash half-way leaves it there; doing
    the same again removes it.
    """
    with suppress(FileNotFoundError):
        if version_at(folder=folder, name=aside) == version:
            os.unlink(aside, dir_fd=folder)
    old = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        found = os.fstat(old)
        if version_of(found) != version:
            return
        if found.st_nlink > 1:
            raise ObjectUnreachable(reason="hard_links")
        with _lease(old) as leased:
            os.rename(name, aside, src_dir_fd=folder, dst_dir_fd=folder)
            theirs = version_at(folder=folder, name=aside) != version
            if theirs or (leased and not _is_unbroken(old)):
                with suppress(FileExistsError):  # Another writer was there already.
                    os.link(aside, name, src_dir_fd=folder, dst_dir_fd=folder)
            os.unlink(aside, dir_fd=folder)
            os.fsync(folder)
    finally:
        os.close(old)


def _put_back(*, folder: int, name: str, fresh: str, new_version: str) -> None:
    _exchange(folder, name, fresh)
    if version_at(folder=folder, name=fresh) != new_version:
        # Another writer replaced the file between our two steps: theirs is the newest.
        _exchange(folder, name, fresh)


def _exchange(folder: int, one: str, other: str) -> bool:
    """Swap two names at once. False where the file system cannot."""
    if not hasattr(_libc, "renameat2"):
        return False
    result = _libc.renameat2(
        folder, os.fsencode(one), folder, os.fsencode(other), ctypes.c_uint(RENAME_EXCHANGE)
    )
    if result == 0:
        return True
    code = ctypes.get_errno()
    if code in {errno.EINVAL, errno.ENOSYS}:
        return False
    raise OSError(code, os.strerror(code))


@contextmanager
def _lease(opened: int) -> Iterator[bool]:
    """A read lease, if the file system and our rights allow one; whether they did."""
    try:
        # The default signal of a broken lease ends the process; SIGURG is ignored by default.
        fcntl.fcntl(opened, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        if error.errno in {errno.EAGAIN, errno.EBUSY}:
            raise ObjectUnreachable(reason="open_for_writing") from error
        if error.errno not in NOT_SUPPORTED:
            raise
        yield False
        return
    try:
        yield True
    finally:
        fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def _is_unbroken(opened: int) -> bool:
    return fcntl.fcntl(opened, fcntl.F_GETLEASE) == fcntl.F_RDLCK
