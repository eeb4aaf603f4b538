"""The folder of the unix sockets: in the data folder, or a short private one where that is long."""

import os
import stat
import tempfile
from pathlib import Path

from governance.project.embedded.accounts import Account

# A socket's path holds 107 characters, and "/.s.PGSQL.5432" is the longest name behind it.
LONGEST_FOLDER = 90


def run_folder(servers: Path, account: Account) -> Path:
    """A private folder with a short path. A long one's stand-in is remembered beside the data."""
    folder = servers / "run"
    if len(os.fsencode(folder)) <= LONGEST_FOLDER:
        return folder
    remembered = servers / "run.path"
    if remembered.exists():
        stand_in = Path(remembered.read_text(encoding="utf-8").strip())
        if _is_private(stand_in, account):
            return stand_in
    stand_in = Path(tempfile.mkdtemp(prefix="lakewarden-", dir=_short_temporary_folder()))
    account.own(stand_in)
    remembered.write_text(f"{stand_in}\n", encoding="utf-8")
    return stand_in


def _short_temporary_folder() -> str:
    """The temporary folder, unless it is itself so long that no socket fits into it."""
    usual = tempfile.gettempdir()
    return usual if len(os.fsencode(usual)) < LONGEST_FOLDER // 2 else "/tmp"  # noqa: S108 - mkdtemp


def _is_private(folder: Path, account: Account) -> bool:
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.uid and not found.st_mode & 0o077
