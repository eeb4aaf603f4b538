"""Writers in between, broken lines, files out of reach: nothing lost, nothing hidden."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from governance.tenancy.models import RoleBinding
from purge.models import ErasureRequest, ErasureStep
from purge.services import erasure_requests, findings, steps, verifying
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy


def problems(request: ErasureRequest) -> set[str]:
    return {one["reason"] for one in request.problems}


def retried(company: Company, request: ErasureRequest) -> ErasureRequest:
    erasure_requests.retry(
        request_id=request.pk, actor=tenancy.an_actor(company.ivan), now=timezone.now()
    )
    request.refresh_from_db()
    return request


def test_a_broken_line_that_could_hold_the_person_keeps_it_from_being_completed(
    company: Company,
) -> None:
    torn = b'{"customer": {"id": 7}, "email": "c7@custo\n'
    (company.folder / "1.ndjson").write_bytes(purge.records(7) + torn + purge.records(5))

    request = company.erase(company.approved())

    assert request.state == "partially_failed"
    assert problems(request) == {"unclear_records"}
    assert (company.folder / "1.ndjson").read_bytes() == torn + purge.records(5)


def test_a_broken_line_that_cannot_hold_the_person_is_left_in_peace(company: Company) -> None:
    (company.folder / "1.ndjson").write_bytes(purge.records(7) + b"!!! torn !!!\n")

    request = company.erase(company.approved())

    assert request.state == "completed"
    assert (company.folder / "1.ndjson").read_bytes() == b"!!! torn !!!\n"


def test_the_number_as_text_is_flagged_not_passed_over(company: Company) -> None:
    (company.folder / "1.ndjson").write_bytes(b'{"customer": {"id": "7"}}\n')

    request = company.located()

    assert request.reports.get().document["totals"] == {
        "objects": 0,
        "records": 0,
        "bytes": 0,
        "unclear": 1,
        "held": 0,
        "unreachable": 0,
    }
    assert company.erase(company.approve(request)).state == "partially_failed"


def test_a_link_out_of_the_lake_is_named_and_not_followed(company: Company, tmp_path: Path) -> None:
    (tmp_path / "outside.ndjson").write_bytes(purge.records(7))
    (company.folder / "link.ndjson").symlink_to(tmp_path / "outside.ndjson")

    request = company.erase(company.approved())

    assert request.state == "partially_failed"
    assert problems(request) == {"symbolic_link"}
    assert (tmp_path / "outside.ndjson").read_bytes() == purge.records(7)


def test_a_folder_that_is_not_there_is_not_an_empty_one(company: Company) -> None:
    (company.folder / "1.ndjson").write_bytes(purge.records(7))
    purge.indexed(company.dataset)
    company.folder.rename(company.folder.with_name("away"))

    request = company.located()

    document = request.reports.get().document
    assert [one["reason"] for one in document["unreachable"]] == ["enoent"]
    assert company.erase(company.approve(request)).state == "partially_failed"


def test_a_file_held_open_by_its_writer_is_retried_later(company: Company) -> None:
    path = company.folder / "1.ndjson"
    path.write_bytes(purge.records(5, 7))
    request = company.approved()

    with path.open("ab"):
        company.erase(request)

    assert (request.state, problems(request)) == ("partially_failed", {"open_for_writing"})
    assert path.read_bytes() == purge.records(5, 7)
    assert company.erase(retried(company, request)).state == "completed"
    assert path.read_bytes() == purge.records(5)


def test_a_retry_needs_an_approver_who_still_may(company: Company) -> None:
    path = company.folder / "1.ndjson"
    path.write_bytes(purge.records(5, 7))
    request = company.approved()
    with path.open("ab"):
        company.erase(request)
    RoleBinding.objects.filter(user=company.olga).delete()

    assert retried(company, request).state == "locating"
    assert request.approved_by_id is None


def test_what_was_out_of_reach_needs_a_new_report_and_decision(company: Company) -> None:
    path = company.folder / "1.ndjson"
    path.write_bytes(purge.records(5, 7))
    os.link(path, company.folder.parent / "elsewhere")
    request = company.erase(company.approved())
    assert (request.state, problems(request)) == ("partially_failed", {"hard_links"})

    (company.folder.parent / "elsewhere").unlink()
    (company.folder / "new.ndjson").write_bytes(purge.records(7))
    company.erase(retried(company, request))

    assert (request.state, problems(request)) == ("partially_failed", {"found_since"})
    assert path.read_bytes() == purge.records(5)
    assert (company.folder / "new.ndjson").read_bytes() == purge.records(7)
    assert retried(company, request).state == "locating"
    company.locate(request.pk)
    request.refresh_from_db()
    assert company.erase(company.approve(request)).state == "completed"
    assert (company.folder / "new.ndjson").read_bytes() == b""
    assert request.certificates.get(kind="complete").document["totals"]["records"] == 2


def test_an_object_removed_after_the_approval_is_gone_too(company: Company) -> None:
    (company.folder / "1.ndjson").write_bytes(purge.records(5, 7))
    request = company.approved()
    (company.folder / "1.ndjson").unlink()

    assert company.erase(request).state == "completed"
    assert ErasureStep.objects.get().problem == "object_gone"


def test_an_object_rewritten_after_the_approval_is_found_again(company: Company) -> None:
    path = company.folder / "1.ndjson"
    path.write_bytes(purge.records(5, 7))
    request = company.approved()
    path.write_bytes(purge.records(7, 8, 7, 9))

    assert company.erase(request).state == "completed"
    left = [b'"id": 8', b'"id": 9']
    assert [one in line for one, line in zip(left, path.read_bytes().splitlines(), strict=True)]


Interference = Callable[[Path], None]


def appended(path: Path) -> None:
    with path.open("ab") as writer:
        writer.write(purge.records(11))


def replaced(path: Path) -> None:
    path.with_suffix(".tmp").write_bytes(purge.records(7, 11))
    path.with_suffix(".tmp").rename(path)


@pytest.mark.parametrize("interference", [appended, replaced])
@pytest.mark.parametrize("moment", ["confirmed", "staged", "published", "look_again"])
def test_a_writer_at_any_moment_loses_nothing(
    company: Company, monkeypatch: pytest.MonkeyPatch, moment: str, interference: Interference
) -> None:
    """`staged` comes between staging and publishing, `published` right after publishing.

    `look_again` comes once everything is cut.
    """
    path = company.folder / "1.ndjson"
    path.write_bytes(purge.records(5, 7, 6))
    request = company.approved()
    target = {"confirmed": findings, "look_again": verifying}.get(moment, steps)
    original = getattr(target, moment)
    happened: list[bool] = []

    def interfered(*args: object, **options: object) -> object:
        result = original(*args, **options) if moment == "confirmed" else None
        if not happened:
            happened.append(True)
            interference(path)
        return result if moment == "confirmed" else original(*args, **options)

    monkeypatch.setattr(target, moment, interfered)

    company.erase(request)

    assert happened
    assert request.state == "completed"
    content = path.read_bytes()
    assert b'"id": 11' in content
    assert b'"id": 7}' not in content
    if interference is appended:
        assert b'"id": 5' in content
        assert b'"id": 6' in content
    assert not list(company.folder.rglob(".lakewarden-*"))
