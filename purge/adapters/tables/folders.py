"""Tables as folders of files below the namespace's part of a lake root, and nowhere else.

The libraries that read tables take paths and follow whatever stands there. So a folder with a
symbolic link in it is not opened at all, and what a table names outside its folder is refused.
"""

import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from purge.adapters.filesystem import files
from purge.ports import ObjectUnreachable, StoredTable, UnreachableObject

ITSELF = "."
"""The name of a table that is the layer's own folder."""


SETTLED_SECONDS = 3600
"""A file that no commit names may belong to a writer at work, unless it is older than this."""


@dataclass(frozen=True, slots=True)
class TableFolders:
    """`home` is what the namespace may reach; `path` the layer's folder in it."""

    home: Path
    path: str = ""

    @property
    def root(self) -> Path:
        parts = files.parts_of(self.path) if self.path else ()
        return Path(self.home.parent.resolve(), self.home.name, *parts)

    def place(self) -> str:
        return files.place(self.root)

    def folder(self, table: str) -> Path:
        """Raises ObjectUnreachable where links lie in the way."""
        parts = () if table == ITSELF else files.parts_of(table)
        folder = Path(self.root, *parts)
        try:
            if folder.resolve(strict=True) != folder:
                raise ObjectUnreachable(reason="symbolic_link")
            check_plain(folder)
        except OSError as error:
            raise ObjectUnreachable(reason=files.reason_of(error)) from error
        return folder

    def tables(
        self, *, prefix: str, is_table: Callable[[Path], bool]
    ) -> Iterator[StoredTable | UnreachableObject]:
        failed: list[OSError] = []
        found: list[str] = []
        for at, folders, _ in os.walk(self.root, onerror=failed.append):
            if is_table(Path(at)):
                found.append(Path(at).relative_to(self.root).as_posix())
                folders.clear()
            folders[:] = sorted(name for name in folders if name[0] not in "_.")
        if failed and not found:
            raise ObjectUnreachable(reason=files.reason_of(failed[0]))
        yield from (StoredTable(name) for name in sorted(found) if name.startswith(prefix))
        for problem in failed:
            name = Path(os.fsdecode(problem.filename)).relative_to(self.root).as_posix()
            yield UnreachableObject(files.printable(name), files.reason_of(problem))


def check_plain(folder: Path) -> None:
    """Raises ObjectUnreachable for links in the folder: they lead the library elsewhere."""
    for _, folders, names, opened in os.fwalk(folder):
        for name in [*folders, *names]:
            if stat.S_ISLNK(os.stat(name, dir_fd=opened, follow_symlinks=False).st_mode):
                raise ObjectUnreachable(reason="symbolic_link")


def files_below(folder: Path) -> Iterator[Path]:
    for at, _, names in os.walk(folder):
        yield from (Path(at, name) for name in names)


def is_settled(path: Path) -> bool:
    return path.stat().st_mtime < time.time() - SETTLED_SECONDS


def check_within(paths: Collection[Path], *, folder: Path) -> None:
    for path in paths:
        if not path.is_relative_to(folder) or ".." in path.parts:
            raise ObjectUnreachable(reason="outside_of_table")


def remove_files(paths: Sequence[Path], *, folder: Path) -> None:
    """Remove them for good, and the folders that this leaves empty, whose names may name people."""
    try:
        for path in paths:
            if path.stat().st_nlink > 1:
                # Another name for the same bytes would keep the rows.
                raise ObjectUnreachable(reason="hard_links")
            path.unlink(missing_ok=True)
        for below, _, _ in os.walk(folder, topdown=False):
            if Path(below) != folder and not any(Path(below).iterdir()):
                Path(below).rmdir()
        for at in {path.parent for path in paths if path.parent.is_dir()} | {folder}:
            _sync(at)
    except OSError as error:
        raise ObjectUnreachable(reason=files.reason_of(error)) from error


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
