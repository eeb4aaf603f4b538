"""Writers who come between the check and the swap, in the one step where they could be lost."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from purge.adapters.filesystem import swap as filesystem_swap
from purge.adapters.filesystem.swap import swap, version_at
from purge.ports import ObjectChanged


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "k").write_bytes(b"old")
    (tmp_path / "fresh").write_bytes(b"new!")
    opened = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield opened
    os.close(opened)


def swapped(folder: int) -> None:
    swap(
        folder=folder,
        name="k",
        fresh="fresh",
        old_version=version_at(folder=folder, name="k"),
        new_version=version_at(folder=folder, name="fresh"),
    )


def before_the_first_exchange(
    monkeypatch: pytest.MonkeyPatch, *happenings: Callable[[], None]
) -> None:
    original, left = filesystem_swap._exchange, list(happenings)

    def exchanged(folder: int, one: str, other: str) -> bool:
        if left:
            left.pop(0)()
        return original(folder, one, other)

    monkeypatch.setattr(filesystem_swap, "_exchange", exchanged)


def replaced(path: Path, content: bytes) -> Callable[[], None]:
    def replace() -> None:
        path.with_name("writers").write_bytes(content)
        path.with_name("writers").rename(path)

    return replace


def test_the_new_file_takes_the_name_and_the_old_one_is_gone(folder: int, tmp_path: Path) -> None:
    swapped(folder)

    assert (tmp_path / "k").read_bytes() == b"new!"
    assert not (tmp_path / "fresh").exists()


def test_a_file_renamed_over_it_in_that_moment_stays(
    folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_the_first_exchange(monkeypatch, replaced(tmp_path / "k", b"the writer's"))

    with pytest.raises(ObjectChanged):
        swapped(folder)

    assert (tmp_path / "k").read_bytes() == b"the writer's"


def test_of_two_writers_in_that_moment_the_later_one_stays(
    folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before_the_first_exchange(
        monkeypatch, replaced(tmp_path / "k", b"first"), replaced(tmp_path / "k", b"second")
    )

    with pytest.raises(ObjectChanged):
        swapped(folder)

    assert (tmp_path / "k").read_bytes() == b"second"


def test_somebody_who_opens_it_for_writing_in_that_moment_writes_to_what_stays(
    folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened_for_writing() -> None:
        # A writer that would wait breaks the lease all the same, and goes on when it is given up.
        with pytest.raises(BlockingIOError):
            os.open(tmp_path / "k", os.O_WRONLY | os.O_NONBLOCK)

    before_the_first_exchange(monkeypatch, opened_for_writing)

    with pytest.raises(ObjectChanged):
        swapped(folder)

    assert (tmp_path / "k").read_bytes() == b"old"


def test_where_the_file_system_cannot_exchange_a_rename_remains(
    folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filesystem_swap, "_exchange", lambda *_names: False)

    swapped(folder)

    assert (tmp_path / "k").read_bytes() == b"new!"
    assert not (tmp_path / "fresh").exists()


def test_where_no_lease_is_granted_the_version_check_remains(
    folder: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_opened: int, _command: int, _argument: int = 0) -> int:
        raise PermissionError(13, "no lease for you")

    monkeypatch.setattr("purge.adapters.filesystem.swap.fcntl.fcntl", refused)

    swapped(folder)

    assert (tmp_path / "k").read_bytes() == b"new!"
