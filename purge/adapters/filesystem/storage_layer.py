"""A local folder as a storage layer, inside the namespace's part of a lake root and nowhere else.

Every step of a path is opened below the folder before it and without following symbolic links, so
that a link made at any moment cannot lead out. A rewritten object keeps its mode, owner and
extended attributes; its modification time is new, because its content is.
"""

import os
import stat
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from purge.adapters.filesystem import files
from purge.adapters.filesystem.swap import (
    swap,
    take_away,
    version_at,
    version_of,
)
from purge.domain.spans import Segment
from purge.ports import (
    ObjectChanged,
    ObjectUnreachable,
    ProbeStep,
    ReadableObject,
    Staged,
    StoredObject,
    UnreachableObject,
)

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class FilesystemStorageLayer:
    """Implements `purge.ports.StorageLayer`. `home` is what the namespace may reach."""

    def __init__(self, *, home: Path, path: str = "") -> None:
        self._home = home
        self._path = files.parts_of(path) if path else ()

    def place(self) -> str:
        return files.place(Path(self._home.parent.resolve(), self._home.name, *self._path))

    def probe(self, *, prefix: str = "") -> Sequence[ProbeStep]:
        steps: list[ProbeStep] = []
        tries: list[tuple[str, Callable[[], str]]] = [
            ("open the folder", self._try_open),
            ("list objects", lambda: self._try_list(prefix)),
            ("write beside an object", self._try_write),
        ]
        for name, attempt in tries:
            began = time.monotonic()
            try:
                detail, ok = attempt(), True
            except (OSError, ObjectUnreachable) as error:
                detail, ok = files.told(error), False
            steps.append(ProbeStep(name, ok, detail, round((time.monotonic() - began) * 1000)))
            if not ok:
                break
        return steps

    def objects(self, *, prefix: str) -> Iterator[StoredObject | UnreachableObject]:
        # A folder that is not there (not mounted, say) is not the same as an empty one.
        try:
            os.close(self._folder(()))
        except OSError as error:
            raise ObjectUnreachable(reason=files.reason_of(error)) from error
        below = prefix.rpartition("/")[0]
        failed: list[OSError] = []
        try:
            start = self._folder(files.parts_of(below) if below else ())
        except FileNotFoundError:
            return
        try:
            # fwalk never descends into symbolic links, and holds each folder open while in it.
            for folder, folders, names, opened in os.fwalk(
                ".", dir_fd=start, onerror=failed.append
            ):
                folders.sort()
                at = "/".join(part for part in (below, folder.removeprefix(".").strip("/")) if part)
                for name in sorted([*names, *folders]):
                    key = f"{at}/{name}" if at else name
                    if key.startswith(prefix) and not name.startswith(files.OURS):
                        yield from self._listed(key, name, opened)
        finally:
            os.close(start)
        for problem in failed:
            name = os.fsdecode(problem.filename or below)
            yield UnreachableObject(files.printable(name), files.reason_of(problem))

    def version(self, *, key: str) -> str | None:
        try:
            with self._beside(key) as (folder, name):
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return None
        if not stat.S_ISREG(found.st_mode):
            raise ObjectUnreachable(reason="not_a_plain_file")
        return version_of(found)

    def tags(self, *, key: str, version: str) -> Mapping[str, str]:
        return {}

    @contextmanager
    def open(self, *, key: str, version: str) -> Iterator[ReadableObject]:
        with self._beside(key, missing=ObjectChanged()) as (folder, name):
            opened = self._opened(folder, name, version)
            try:
                yield files.OpenFile(opened)
                same = version_of(os.fstat(opened)) == version
            finally:
                os.close(opened)
            if not same or version_at(folder=folder, name=name) != version:
                raise ObjectChanged

    def effort(self, *, size: int, segments: Iterable[Segment]) -> str:
        return ""

    def announce(self, *, key: str, version: str) -> str:
        return ""

    def begin(self, *, key: str, version: str) -> str:
        return uuid.uuid4().hex

    def is_traceless(self, *, attempt: str) -> bool:
        return False

    def stage(self, *, key: str, version: str, segments: Iterable[Segment], attempt: str) -> Staged:
        with (
            files.told_as_unreachable(),
            self._beside(key, missing=ObjectChanged()) as (folder, name),
        ):
            source = self._opened(folder, name, version)
            try:
                self._remove(folder, files.fresh_name(attempt))
                fresh = files.write_fresh(folder, files.fresh_name(attempt), source, segments)
            except BaseException:
                self._remove(folder, files.fresh_name(attempt))
                raise
            finally:
                os.close(source)
            return Staged(
                key=key,
                attempt=attempt,
                replaces=version,
                version=version_of(fresh),
                size=fresh.st_size,
                stays_behind=False,
            )
        raise ObjectChanged

    def publish(self, *, staged: Staged) -> None:
        with (
            files.told_as_unreachable(),
            self._beside(staged.key, missing=ObjectChanged()) as (folder, name),
        ):
            fresh = files.fresh_name(staged.attempt)
            try:
                swap(
                    folder=folder,
                    name=name,
                    fresh=fresh,
                    old_version=staged.replaces,
                    new_version=staged.version,
                )
            except FileNotFoundError as error:
                self._remove(folder, fresh)
                raise ObjectChanged from error
            except BaseException:
                self._remove(folder, fresh)
                raise

    def discard(self, *, key: str, attempt: str) -> None:
        with files.told_as_unreachable(), self._beside(key) as (folder, _):
            self._remove(folder, files.fresh_name(attempt))

    def remove(self, *, key: str, version: str) -> None:
        """No version is kept here but the one in force."""
        with files.told_as_unreachable(), suppress(FileNotFoundError), self._beside(key) as beside:
            folder, name = beside
            take_away(
                folder=folder, name=name, aside=files.aside_name(name, version), version=version
            )

    def abort_unfinished(self, *, prefix: str, older_than: timedelta) -> int:
        """Only our own next versions can be told from objects: nobody else's files are touched."""
        removed, before = 0, time.time() - older_than.total_seconds()
        with files.told_as_unreachable():
            start = self._folder(())
            try:
                for at, _, names, opened in os.fwalk(".", dir_fd=start):
                    below = at.removeprefix(".").strip("/")
                    for name in names:
                        key = f"{below}/{name}".lstrip("/")
                        if files.is_next_version(name) and key.startswith(
                            prefix.rpartition("/")[0]
                        ):
                            removed += self._remove_older(opened, name, before)
            finally:
                os.close(start)
        return removed

    # --- below: paths and single files

    def _remove_older(self, folder: int, name: str, before: float) -> int:
        try:
            is_old = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime < before
        except FileNotFoundError:
            return 0
        if is_old:
            self._remove(folder, name)
        return int(is_old)

    def _folder(self, parts: Sequence[str]) -> int:
        """An open folder below the layer's, each step without following a link."""
        opened = os.open(self._home.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in (self._home.name, *self._path, *parts):
            outer = opened
            try:
                opened = os.open(part, FOLDER, dir_fd=outer)
            finally:
                os.close(outer)
        return opened

    @contextmanager
    def _beside(self, key: str, *, missing: Exception | None = None) -> Iterator[tuple[int, str]]:
        *folders, name = files.parts_of(key)
        try:
            folder = self._folder(folders)
        except FileNotFoundError:
            if missing is not None:
                raise missing from None
            raise
        except OSError as error:
            raise ObjectUnreachable(reason=files.reason_of(error)) from error
        try:
            yield folder, name
        finally:
            os.close(folder)

    def _opened(self, folder: int, name: str, version: str) -> int:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            opened = os.open(name, flags, dir_fd=folder)
        except FileNotFoundError as error:
            raise ObjectChanged from error
        except OSError as error:
            raise ObjectUnreachable(reason=files.reason_of(error)) from error
        if version_of(os.fstat(opened)) != version:
            os.close(opened)
            raise ObjectChanged
        return opened

    def _listed(
        self, key: str, name: str, folder: int
    ) -> Iterator[StoredObject | UnreachableObject]:
        try:
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return  # Removed since the folder was listed.
        if files.printable(key) != key:
            yield UnreachableObject(files.printable(key), "name_not_utf8")
        elif stat.S_ISREG(found.st_mode):
            yield StoredObject(key, version_of(found), found.st_size)
        elif stat.S_ISLNK(found.st_mode) and not self._leads_within(key):
            yield UnreachableObject(key, "symbolic_link")

    def _leads_within(self, key: str) -> bool:
        """A link to another object of this layer hides nothing: that object is listed itself."""
        root = Path(self._home.parent.resolve(), self._home.name, *self._path)
        target = Path(root, key).resolve()
        return target.is_relative_to(root)

    def _remove(self, folder: int, name: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
            os.fsync(folder)

    def _try_open(self) -> str:
        os.close(self._folder(()))
        return ""

    def _try_list(self, prefix: str) -> str:
        first = [one for one, _ in zip(self.objects(prefix=prefix), range(1000), strict=False)]
        unreachable = sum(isinstance(one, UnreachableObject) for one in first)
        more = " or more" if len(first) == 1000 else ""  # noqa: PLR2004
        return f"{len(first)}{more} objects, {unreachable} of them unreachable"

    def _try_write(self) -> str:
        folder, name = self._folder(()), f"{files.OURS}probe-{os.getpid()}"
        try:
            os.close(os.open(name, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600, dir_fd=folder))
            os.unlink(name, dir_fd=folder)
        finally:
            os.close(folder)
        return ""
