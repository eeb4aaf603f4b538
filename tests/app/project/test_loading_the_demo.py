"""The demo workspace is loaded by the services that the admin pages call, and only once."""

from datetime import datetime
from pathlib import Path

import pytest
from pytest_django import Settings

from governance.analytics.models import Engine, LakeTable
from governance.isolation.scopes import namespace_scope, system_scope
from governance.project.demo import workspace
from governance.tenancy.models import Namespace, Role, User
from purge.models import Dataset, ErasureRequest, LakeObject, StorageLayer
from usage_limits.models import AlertChannel, UsageLimit, WorkloadRule

COUNTED = (
    User,
    Role,
    Engine,
    LakeTable,
    UsageLimit,
    WorkloadRule,
    AlertChannel,
    StorageLayer,
    Dataset,
    LakeObject,
    ErasureRequest,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def lake(settings: Settings, tmp_path: Path) -> Path:
    settings.LAKE_ROOTS = [tmp_path]
    return tmp_path / workspace.NAMESPACE


def counts() -> dict[str, int]:
    with system_scope("test"):
        namespace = Namespace.objects.get(name=workspace.NAMESPACE)
    with namespace_scope(namespace.pk):
        return {model.__name__: model.objects.count() for model in COUNTED}


def test_it_shows_a_password_once(now: datetime) -> None:
    first, second = workspace.load(now=now), workspace.load(now=now)

    assert [line.split()[0] for line in first if "password" in line] == ["Ivan", "Olga"]
    assert not [line for line in second if "password" in line]


def test_loading_again_adds_nothing(now: datetime) -> None:
    workspace.load(now=now)
    before = counts()

    workspace.load(now=now)

    assert counts() == before
    assert before["LakeObject"] == 18
    assert before["ErasureRequest"] == 1


def test_what_an_erasure_cut_does_not_come_back(now: datetime, lake: Path) -> None:
    workspace.load(now=now)
    file = lake / "purchases" / "1997-01.ndjson"
    cut = b"".join(file.read_bytes().splitlines(keepends=True)[1:])
    file.write_bytes(cut)

    workspace.load(now=now)

    assert file.read_bytes() == cut


def test_a_copy_that_was_interrupted_is_begun_anew(now: datetime, lake: Path) -> None:
    (lake / ".flights.unfinished").mkdir(parents=True)

    workspace.load(now=now)

    assert len(list((lake / "flights").iterdir())) == 12
    assert not list(lake.glob(".*"))


def test_it_has_the_limits_of_the_story_and_one_more_to_see_a_refusal(now: datetime) -> None:
    workspace.load(now=now)

    with system_scope("test"):
        limits = {
            (row.feature_type, row.period, row.breach_action) for row in UsageLimit.objects.all()
        }
        [rule] = WorkloadRule.objects.all()
    assert limits == {
        ("spectrum", "weekly", "emit-metric"),
        ("spectrum", "daily", "disable"),
        ("concurrency-scaling", "daily", "disable"),
    }
    assert (rule.action, str(rule.rule)) == ("abort", "spectrum_scan_size_mb > 1048576")
