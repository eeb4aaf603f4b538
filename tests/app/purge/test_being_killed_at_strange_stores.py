"""A worker killed after publishing, at a store whose versions nobody can foretell."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from governance.isolation.scopes import namespace_scope
from purge.models import ErasureCertificate, ErasureStep
from purge.ports import Staged
from tests.app.purge.conftest import Company
from tests.factories import purge
from tests.fakes.storage import FakeStorageLayer

pytestmark = pytest.mark.django_db(transaction=True)

BEHIND = "?behind"


class StrangeStore(FakeStorageLayer):
    """As S3 with keys of KMS: the version in force is called otherwise than was staged.

    It kills the first worker, just before or just after what it publishes is in force.
    """

    def __init__(self, *, keeps_versions: bool, is_done: bool, then: bytes | None) -> None:
        super().__init__(keeps_versions=keeps_versions)
        self.kills, self.is_done, self.then = True, is_done, then

    def stage(self, **what: Any) -> Staged:
        """What is replaced has another name once it is behind."""
        staged = super().stage(**what)
        return replace(staged, replaces=f"{staged.replaces}{BEHIND}")

    def publish(self, *, staged: Staged) -> None:
        if self.is_done or not self.kills:
            super().publish(staged=replace(staged, replaces=staged.replaces.removesuffix(BEHIND)))
            self._versions[staged.key] = f"unforetold-{staged.version}"
        if self.kills:
            self.kills = False
            if self.then is not None:
                self.put(staged.key, self.then)
            raise KeyboardInterrupt

    def _replace(self, key: str, content: bytes, version: str) -> None:
        before = self._versions.get(key)
        super()._replace(key, content, version)
        if (key, before) in self.old:
            self.old[key, f"{before}{BEHIND}"] = self.old.pop((key, str(before)))


@pytest.mark.parametrize(
    ("keeps_versions", "is_done", "then", "records"),
    [
        (False, True, None, 2),
        (True, True, None, 2),
        (False, False, None, 2),
        (True, False, None, 2),
        # Somebody else wrote it without them meanwhile: they were not ours to take out.
        (False, False, purge.records(5, 6, 8), 0),
    ],
)
def test_what_it_took_out_is_counted_and_nothing_stays_behind(
    make_company: Callable[[str], Company],
    *,
    keeps_versions: bool,
    is_done: bool,
    then: bytes | None,
    records: int,
) -> None:
    company = make_company("acme")
    store = StrangeStore(keeps_versions=keeps_versions, is_done=is_done, then=then)
    store.put("1.ndjson", purge.records(5, 7, 6, 7))
    company.lake = replace(company.lake, layer=lambda _: store)
    with namespace_scope(company.namespace.pk):
        request = company.approved()
    with pytest.raises(KeyboardInterrupt):
        company.carry_out(request)

    with namespace_scope(company.namespace.pk):
        company.erase(request)

        assert request.state == "completed", request.problems
        first = ErasureStep.objects.filter(erasure_request=request).earliest("created_at")
        assert (first.state, first.records) == ("done", records)
        certificate = ErasureCertificate.objects.get(erasure_request=request)
        assert certificate.document["totals"]["records"] >= records
    left = [*store.contents.values(), *store.old.values()]
    assert not any(b'"id": 7' in content for content in left)
    assert not store.leftovers()
