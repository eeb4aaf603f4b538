"""The demo's files, copied into the namespace's part of the lake."""

import shutil
from pathlib import Path

from governance.project.demo.derive_lake import LAKE


def copy(*, home: Path) -> None:
    """Each folder once: what an erasure has cut since must not come back."""
    home.mkdir(parents=True, exist_ok=True)
    for folder in sorted(LAKE.iterdir()):
        target = home / folder.name
        if target.exists():
            continue
        # Under another name first: a copy that was interrupted is begun anew.
        unfinished = home / f".{folder.name}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(folder, unfinished)
        unfinished.rename(target)
