"""Packages come as they were locked: every one with its hash, from no address of our choosing."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = tuple(
    f"{name}.lock"
    for name in ("requirements", "requirements-build", "requirements-dev", "requirements-spark")
)


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_a_version_and_a_hash(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text(encoding="utf-8").strip())
    packages = [entry for entry in entries if not entry.startswith("#")]

    assert packages
    for package in packages:
        assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z,]+\])?==\S+", package), package
        assert "--hash=sha256:" in package, package


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_an_index(name: str) -> None:
    content = (ROOT / name).read_text(encoding="utf-8")

    assert "://" not in content
    assert not re.search(r"^--(?:extra-)?index|^--find-links", content, flags=re.MULTILINE)


def test_what_is_asked_for_is_locked() -> None:
    locked = (ROOT / "requirements.lock").read_text(encoding="utf-8").lower()
    asked = re.findall(
        r"^([A-Za-z0-9._-]+)", (ROOT / "requirements.in").read_text(encoding="utf-8"), re.MULTILINE
    )

    for name in asked:
        assert re.search(rf"^{re.escape(name.lower())}(\[|==)", locked, re.MULTILINE), name


def test_the_tests_run_on_the_versions_that_serve() -> None:
    def versions(name: str) -> dict[str, str]:
        content = (ROOT / name).read_text(encoding="utf-8")
        return dict(
            re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;]+)", content, re.MULTILINE)
        )

    serving, testing = versions("requirements.lock"), versions("requirements-dev.lock")

    assert serving.items() <= testing.items()


def test_a_package_that_is_not_the_locked_one_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "altered-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("altered.py", "")
        info = "altered-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: altered\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"altered==1.0 --hash=sha256:{'0' * 64}\n")

    done = subprocess.run(  # noqa: S603 - our own arguments
        [
            *(sys.executable, "-m", "pip", "install", "--isolated", "--no-index", "--dry-run"),
            *("--require-hashes", "--only-binary", ":all:", "--find-links", str(tmp_path)),
            *("--target", str(tmp_path / "installed"), "-r", str(lock)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "DO NOT MATCH THE HASHES" in done.stderr
