"""The account the embedded servers run as: ours, or an unprivileged one when we are root.

PostgreSQL refuses to run as root, and nothing that parses what strangers send should.
"""

import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from governance.project.embedded.folders import PRIVATE_FOLDER, DataFolder

# The first of these that exists: an administrator may make an account of its own for the servers.
UNPRIVILEGED = ("lakewarden", "nobody")
STATE_ROOT = Path("/var/lib/lakewarden")
EXECUTE_BY_ALL = 0o711
READ_BY_ALL = 0o755


class NoAccountError(RuntimeError):
    """We are root, and this machine has no account to run the servers as."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user the servers run as. `switch` says that we have to change to it."""

    uid: int
    gid: int
    switch: bool

    def process_options(self) -> dict[str, object]:
        """Options of subprocess.Popen that change to this account."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Make a private folder of this account's."""
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(PRIVATE_FOLDER)
        if self.switch:
            os.chown(folder, self.uid, self.gid)

    def own_file(self, file: Path) -> None:
        if self.switch:
            os.chown(file, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Whether this account may walk down to `path`."""
        if not self.switch:
            return True
        return all(self._enters(folder.stat()) for folder in path.resolve().parents)

    def _enters(self, found: os.stat_result) -> bool:
        if found.st_uid == self.uid:
            return bool(found.st_mode & stat.S_IXUSR)
        if found.st_gid == self.gid:
            return bool(found.st_mode & stat.S_IXGRP)
        return bool(found.st_mode & stat.S_IXOTH)


@dataclass(frozen=True, slots=True)
class WheelPackage:
    """Programs in an installed wheel: its folder among the packages, and the parts they need."""

    name: str
    installed: Path
    parts: tuple[str, ...]


def choose() -> Account:
    """The account for this process's servers."""
    if os.geteuid() != 0:
        return Account(uid=os.geteuid(), gid=os.getegid(), switch=False)
    for name in UNPRIVILEGED:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=found.pw_uid, gid=found.pw_gid, switch=True)
    message = f"As root the database runs as one of {UNPRIVILEGED}, and none of them exists."
    raise NoAccountError(message)


def place_servers(home: DataFolder, account: Account) -> Path:
    """The folder of the servers' data, made; a folder below /var/lib where ours is closed.

    A checkout below /root is the usual case: the unprivileged account cannot walk into it, and
    we open no folder that its owner closed.
    """
    if not home.servers_pointer.exists() and not account.reaches(home.root / "postgres"):
        place = STATE_ROOT / home.password("installation")[:16]
        _open_state_root()
        home.servers_pointer.write_text(f"{place}\n", encoding="utf-8")
    place = home.servers
    place.mkdir(parents=True, exist_ok=True)
    if place != home.root:
        place.chmod(EXECUTE_BY_ALL)
    return place


def reachable_copy(package: WheelPackage, account: Account) -> Path:
    """The folder that holds the package's parts: where it is installed, or a copy below /var/lib.

    A copy is made once a version, and keeps the layout: programs find their libraries by it.
    """
    if all(account.reaches(package.installed / part / "x") for part in package.parts):
        return package.installed
    _open_state_root()
    copy = STATE_ROOT / f"{package.name}-{version(package.name)}"
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(prefix=f".{copy.name}.", dir=STATE_ROOT))
        for part in package.parts:
            shutil.copytree(package.installed / part, unfinished / part, symlinks=True)
        unfinished.chmod(READ_BY_ALL)
        try:
            unfinished.rename(copy)
        except OSError:  # another start was quicker
            shutil.rmtree(unfinished)
    return copy


def _open_state_root() -> None:
    STATE_ROOT.mkdir(parents=True, exist_ok=True)
    STATE_ROOT.chmod(EXECUTE_BY_ALL)
