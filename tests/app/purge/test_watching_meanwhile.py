"""A folder that is watched while an erasure runs in it, and a file replaced in between."""

from typing import Any

import pytest

from purge.adapters.filesystem.storage_layer import FilesystemStorageLayer
from purge.models import LakeObject
from purge.services import findings, steps
from tests.app.purge.conftest import Company
from tests.factories import purge

pytestmark = pytest.mark.django_db(transaction=True)

MOMENTS = [
    *((FilesystemStorageLayer, name) for name in ("open", "begin", "stage", "publish")),
    *((steps, name) for name in ("begun", "staged", "published")),
    (findings, "confirmed"),
]


class Between:
    """Acts once, just before or after the call that the test names."""

    def __init__(self, act: Any) -> None:
        self._act = act
        self.acted = False

    def around(self, call: Any, *, before: bool) -> Any:
        def called(*what: Any, **named: Any) -> Any:
            if before:
                self.now()
            result = call(*what, **named)
            if not before:
                self.now()
            return result

        return called

    def now(self) -> None:
        if not self.acted:
            self.acted = True
            self._act()


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize(("owner", "name"), MOMENTS, ids=[name for _, name in MOMENTS])
@pytest.mark.parametrize("content", [purge.records(5, 6, 9), purge.records(5, 7, 6, 9)])
def test_a_file_replaced_and_indexed_at_any_moment_loses_nothing(
    company: Company,
    monkeypatch: pytest.MonkeyPatch,
    owner: object,
    name: str,
    content: bytes,
    *,
    before: bool,
) -> None:
    """Whatever the watcher saw: what the writer wrote stays, and the person does not unsaid."""
    path = company.folder / "1.ndjson"
    path.write_bytes(purge.records(5, 7, 6))
    request = company.approved()

    def replace_and_watch() -> None:
        fresh = path.with_name(".fresh")
        fresh.write_bytes(content)
        fresh.replace(path)
        purge.indexed(company.dataset)

    between = Between(replace_and_watch)
    with monkeypatch.context() as patched:
        patched.setattr(owner, name, between.around(getattr(owner, name), before=before))
        company.erase(request)
    purge.indexed(company.dataset)

    assert between.acted
    written = content.splitlines(keepends=True)
    left = path.read_bytes().splitlines(keepends=True)
    others = [line for line in written if b'"id": 7' not in line]
    assert [line for line in left if b'"id": 7' not in line] == others
    is_there = len(left) > len(others)
    assert request.state == ("partially_failed" if is_there else "completed")
    assert LakeObject.objects.get().version == FilesystemStorageLayer(
        home=company.folder.parent, path="sales"
    ).version(key="1.ndjson")
    again = company.erase(company.approved())
    assert again.state == "completed"
    assert path.read_bytes().splitlines(keepends=True) == others
