"""Choosing the few inputs worth keeping: together they reach every line that all of them reach."""

import hashlib
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz.seeds import CORPUS
from tests.fuzz.targets import TARGETS

LARGEST_KEPT = 8_192
Line = tuple[str, int]


def keep(name: str, folder: Path) -> None:
    """Choose anew what is kept, from what is and what the folder holds, smallest first.

    Files named `found-…` once failed: they stay.
    """
    kept = CORPUS / name
    kept.mkdir(parents=True, exist_ok=True)
    files = [*kept.glob("*.bin"), *(file for file in folder.iterdir() if file.is_file())]
    small = sorted({file.read_bytes() for file in files}, key=len)
    reached: set[Line | str] = set()
    for file in kept.glob("*.bin"):
        if not file.name.startswith("found-"):
            file.unlink()
    for raw in small:
        if len(raw) > LARGEST_KEPT:
            break
        new = reached_by(name, raw) - reached
        if new:
            reached |= new
            digest = hashlib.sha256(raw).hexdigest()[:16]
            (kept / f"{digest}.bin").write_bytes(raw)
    sys.stdout.write(f"{name}: {len(list(kept.iterdir()))} kept of {len(small)}\n")


def reached_by(name: str, raw: bytes) -> set[Line | str]:
    """Lines of ours that the target runs for it, and how it ends."""
    reached: set[Line | str] = set()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if "/federation/" not in frame.f_code.co_filename:
            return None
        if event == "line":
            reached.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    sys.settrace(trace)
    try:
        reached.add(TARGETS[name](raw))
    finally:
        sys.settrace(None)
    return reached
