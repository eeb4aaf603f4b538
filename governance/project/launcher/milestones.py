"""What an installation on the embedded database has behind it, so that a start skips it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("governance", "federation", "purge", "usage_limits")


@dataclass(frozen=True, slots=True)
class Milestones:
    """Two files in the data folder. They fall with the database that they speak of."""

    folder: Path
    checkout: Path

    @property
    def _set_up(self) -> Path:
        return self.folder / "set_up.done"

    @property
    def _demo(self) -> Path:
        return self.folder / "demo.loaded"

    def forget(self) -> None:
        self._set_up.unlink(missing_ok=True)
        self._demo.unlink(missing_ok=True)

    def is_set_up(self) -> bool:
        """Whether set_up ran to its end for this very code."""
        done = self._set_up
        return done.exists() and done.read_text(encoding="utf-8") == self._fingerprint()

    def mark_set_up(self) -> None:
        self._set_up.write_text(self._fingerprint(), encoding="utf-8")

    def is_demo_loaded(self, *, origin: str) -> bool:
        """Whether it was loaded for this address: the demo identity provider stands at it."""
        return self._demo.exists() and self._demo.read_text(encoding="utf-8") == origin

    def mark_demo_loaded(self, *, origin: str) -> None:
        self._demo.write_text(origin, encoding="utf-8")

    def _fingerprint(self) -> str:
        """Changes with the packages, a migration or a static file: with what set_up looks at."""
        found = hashlib.sha256((self.checkout / "requirements.lock").read_bytes())
        for file in sorted(self._watched()):
            state = file.stat()
            found.update(f"{file} {state.st_size} {state.st_mtime_ns}\n".encode())
        return found.hexdigest()

    def _watched(self) -> Iterator[Path]:
        for package in PACKAGES:
            for pattern in ("**/migrations/*.py", "**/static/**/*"):
                yield from (
                    file for file in (self.checkout / package).glob(pattern) if file.is_file()
                )
        yield self.checkout / "governance/project/management/commands/set_up.py"
