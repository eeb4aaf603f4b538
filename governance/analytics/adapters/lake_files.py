"""Files below a namespace's part of the lake, as a role may see them.

A path is resolved before it is compared, so that neither `..` nor a symbolic link leads out of
the namespace's folder or of the role's. What was resolved is what a runner is granted.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from governance.kernel.refusals import Forbidden, Invalid, NotFound, Unavailable

MAX_FILES = 10_000
HIDDEN = ("_", ".")
NOTHING_THERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG})


class LocationOutside(Forbidden):
    code = "location_outside"
    sentence = "{location} leads out of the folders that may be read here."


class LocationEmpty(NotFound):
    code = "location_empty"
    sentence = "There are no files at {location}, or your role may not read any of them."


class TooManyFiles(Invalid):
    code = "too_many_files"
    sentence = "{location} holds more than {most} files. Merge small files into larger ones."


class LakeUnreadable(Unavailable):
    code = "lake_unreadable"
    sentence = "The lake's folder cannot be read. Ask an administrator to look at the engine."


@dataclass(frozen=True, slots=True)
class LakeFile:
    path: str
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Lake:
    """A namespace's folder, and the folders below it that a role may read (all, where empty)."""

    root: Path
    prefixes: tuple[str, ...] = ()

    def granted_folders(self) -> tuple[str, ...]:
        """Real paths: what a process that works for this role may read at most."""
        real = os.path.realpath(self.root)
        if not self.prefixes:
            return (real,)
        folders = (os.path.realpath(f"{real}/{_plain(part)}") for part in self.prefixes)
        return tuple(sorted(folder for folder in folders if _is_within(folder, real)))

    def files(self, *, location: str) -> Sequence[LakeFile]:
        """The files at or below a location, sorted. Raises the refusals above."""
        granted = self.granted_folders()
        real = os.path.realpath(self.root)
        start = os.path.realpath(f"{real}/{_plain(location)}")
        if not _is_within(start, real):
            raise LocationOutside(location=location)
        try:
            found = sorted(_walk(start, location, real), key=lambda file: file.path)
        except OSError as error:
            if error.errno not in NOTHING_THERE:
                raise LakeUnreadable from error
            found = []
        seen = [file for file in found if any(_is_within(file.path, part) for part in granted)]
        if not seen:
            raise LocationEmpty(location=location)
        return seen


def folder_of(*, roots: Sequence[Path], namespace_name: str) -> Path:
    """The namespace's folder: the first root's that has it. Raises LocationOutside."""
    if namespace_name in {".", ".."}:
        raise LocationOutside(location=namespace_name)
    folders = [root / namespace_name for root in roots]
    folder = next((each for each in folders if each.is_dir()), folders[0])
    if folder.is_symlink():
        # The namespace's own folder is a link: it may lead into another namespace's.
        raise LocationOutside(location=namespace_name)
    return folder


def _plain(location: str) -> str:
    """Relative, without `..`. Raises LocationOutside for anything else."""
    path = PurePosixPath(location.removeprefix("/"))
    if ".." in path.parts or "\x00" in location or "\\" in location:
        raise LocationOutside(location=location)
    return str(path)


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _walk(start: str, location: str, root: str) -> Iterator[LakeFile]:
    if Path(start).is_file():
        yield _file(start)
        return
    waiting, seen, count = [start], {start}, 0
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            paths = [_inside(e, location, root) for e in entries if not e.name.startswith(HIDDEN)]
        folders = {path for path in paths if Path(path).is_dir()}
        waiting.extend(folders - seen)
        seen |= folders
        count += len(paths) - len(folders)
        if count > MAX_FILES:
            raise TooManyFiles(location=location, most=MAX_FILES)
        yield from (_file(path) for path in paths if path not in folders)


def _inside(entry: os.DirEntry[str], location: str, root: str) -> str:
    if not entry.is_symlink():
        return entry.path
    path = os.path.realpath(entry.path)
    if not _is_within(path, root):
        raise LocationOutside(location=location)
    return path


def _file(path: str) -> LakeFile:
    status = Path(path).stat()
    return LakeFile(path=path, size=status.st_size, modified_ns=status.st_mtime_ns)
