"""Where the embedded servers' files go when folders are long, or closed to their account."""

import os
import tempfile
from pathlib import Path

import pytest

from governance.project.embedded import sockets
from governance.project.embedded.accounts import Account

OURSELVES = Account(uid=os.geteuid(), gid=os.getegid(), switch=False)
# No such account needs to exist: only modes and owners are compared.
STRANGER = Account(uid=54321, gid=54321, switch=True)


def test_sockets_lie_beside_the_data() -> None:
    assert sockets.run_folder(Path("/srv/lake"), OURSELVES) == Path("/srv/lake/run")


def test_a_long_folder_has_a_short_private_one_for_its_sockets(tmp_path: Path) -> None:
    long = tmp_path / ("very-" * 20)
    long.mkdir()

    found = sockets.run_folder(long, OURSELVES)

    assert len(os.fsencode(found)) < sockets.LONGEST_FOLDER
    assert found.stat().st_mode & 0o077 == 0
    assert sockets.run_folder(long, OURSELVES) == found
    found.rmdir()


def test_a_stand_in_that_others_could_have_made_is_not_used_again(tmp_path: Path) -> None:
    long = tmp_path / ("very-" * 20)
    long.mkdir()
    first = sockets.run_folder(long, OURSELVES)
    first.chmod(0o777)

    second = sockets.run_folder(long, OURSELVES)

    assert second != first
    first.rmdir()
    second.rmdir()


@pytest.mark.parametrize(("mode", "reaches"), [(0o700, False), (0o711, True), (0o755, True)])
def test_an_account_reaches_what_no_ancestor_closes(*, mode: int, reaches: bool) -> None:
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        ancestor = Path(open_to_all) / "ancestor"
        ancestor.mkdir()
        ancestor.chmod(mode)

        assert STRANGER.reaches(ancestor / "postgres") is reaches
