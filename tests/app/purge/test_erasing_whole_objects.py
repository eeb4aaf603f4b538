"""Objects that are somebody's as a whole: found by name, folder, tag or metadata, and removed."""

import dataclasses
from collections.abc import Mapping, Sequence

import pytest
from django.utils import timezone

from purge.domain.locators import Locator
from purge.domain.plans import Plan
from purge.models import ErasureReport, ErasureStep, LakeObject
from purge.services import data_maps
from purge.services.data_maps import DataMapInvalid
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy
from tests.fakes.storage import FakeStorageLayer

pytestmark = pytest.mark.django_db(transaction=True)

BY_PATH = [{"name": "customer_id", "path": "customer_id", "type": "integer"}]
BY_NAME = [{"name": "customer_id", "pattern": r"(?P<customer_id>\d+)-", "type": "integer"}]


def found_by(
    company: Company, locator: Locator, identifiers: Sequence[Mapping[str, object]] = BY_PATH
) -> None:
    company.dataset.locator = locator.value
    company.dataset.identifiers = list(identifiers)
    company.dataset.save()


def write(company: Company, **files: str) -> None:
    for name, content in files.items():
        path = company.folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def names(company: Company) -> list[str]:
    return sorted(
        path.relative_to(company.folder).as_posix()
        for path in company.folder.rglob("*")
        if path.is_file()
    )


def test_a_file_named_for_the_person_is_removed_whole(company: Company) -> None:
    found_by(company, Locator.FILE_NAME, BY_NAME)
    write(company, **{"7-.csv": "x", "70-.csv": "x", "old__7-b.csv": "x", "007-.csv": "x"})

    request = company.located()
    report = ErasureReport.objects.get(hash=request.report_hash).document
    request = company.erase(company.approve(request))

    assert {one["plan"] for one in report["objects"] if one["records"]} == {Plan.REMOVE_OBJECT}
    assert not any("7-.csv" in one["name"] for one in report["objects"] if one["records"])
    assert names(company) == ["007-.csv", "70-.csv"]
    assert [one["reason"] for one in request.problems] == ["unclear_records"]


def test_a_folder_named_for_the_person_goes_with_all_its_files(company: Company) -> None:
    found_by(company, Locator.PARTITION)
    for name in ("customer_id=7/day=1/a", "customer_id=7/day=2/b", "customer_id=8/day=1/a"):
        write(company, **{name: "x"})

    request = company.erase(company.approved())

    assert request.state == "completed"
    assert names(company) == ["customer_id=8/day=1/a"]
    assert not LakeObject.objects.filter(key__contains="customer_id=7").exists()


def test_a_metadata_file_goes_with_its_object(company: Company) -> None:
    found_by(company, Locator.METADATA_FILE)
    write(
        company,
        **{
            "a.mp4": "film",
            "a.mp4.metadata.json": '{"customer_id": 7}',
            "b.mp4": "film",
            "b.mp4.metadata.json": '{"customer_id": 8}',
            "c.mp4": "film",
        },
    )

    request = company.erase(company.approved())

    assert request.state == "completed"
    assert names(company) == ["b.mp4", "b.mp4.metadata.json", "c.mp4"]


def test_metadata_that_came_after_its_object_is_seen(company: Company) -> None:
    found_by(company, Locator.METADATA_FILE)
    write(company, **{"a.mp4": "film"})
    purge.indexed(company.dataset)
    write(company, **{"a.mp4.metadata.json": '{"customer_id": 7}'})

    company.erase(company.approved())

    assert names(company) == []


def test_metadata_that_cannot_be_read_is_flagged_and_left(company: Company) -> None:
    found_by(company, Locator.METADATA_FILE)
    write(company, **{"a.mp4": "film", "a.mp4.metadata.json": '{"customer_id": 7'})

    request = company.erase(company.approved())

    assert names(company) == ["a.mp4", "a.mp4.metadata.json"]
    assert {one["reason"] for one in request.problems} == {"unclear_records"}


def test_a_tag_is_read_anew_though_the_object_did_not_change(company: Company) -> None:
    layer = FakeStorageLayer()
    company.lake = dataclasses.replace(company.lake, layer=lambda _: layer)
    found_by(company, Locator.TAG)
    layer.put("a", b"x")
    layer.put("b", b"x")
    layer.labels["a"] = {"customer_id": "8"}
    company.located()
    layer.labels["b"] = {"customer_id": "7"}

    request = company.erase(company.approved())

    assert request.state == "completed"
    assert list(layer.contents) == ["a"]
    assert ErasureStep.objects.get(erasure_request=request).plan == Plan.REMOVE_OBJECT


def test_an_object_that_is_replaced_before_it_is_removed_is_looked_at_anew(
    company: Company,
) -> None:
    found_by(company, Locator.METADATA_FILE)
    write(company, **{"a.mp4": "old", "a.mp4.metadata.json": '{"customer_id": 7}'})
    request = company.approved()
    write(company, **{"a.mp4": "somebody else's", "a.mp4.metadata.json": '{"customer_id": 8}'})

    company.erase(request)

    assert names(company) == ["a.mp4", "a.mp4.metadata.json"]


@pytest.mark.parametrize(
    ("locator", "identifiers"), [(Locator.FILE_NAME, BY_PATH), (Locator.ROW, BY_NAME)]
)
def test_a_locator_that_cannot_use_the_identifiers_is_refused(
    company: Company, locator: Locator, identifiers: list[dict[str, object]]
) -> None:
    with pytest.raises(DataMapInvalid):
        data_maps.save_dataset(
            dataset=company.dataset,
            values={"locator": locator.value, "identifiers": identifiers},
            actor=tenancy.an_actor(company.ivan),
            now=timezone.now(),
        )
