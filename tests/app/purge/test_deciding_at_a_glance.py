"""The top of the decision page: what goes, whose, what stays and why, until when, and how far."""

from datetime import timedelta

import pytest
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from purge.domain.erasure import State
from purge.domain.plans import Plan
from purge.models import ErasureReport, ErasureRequest
from purge.views import glance
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy

OBJECTS_ON_THE_PAGE = 10


def text_of(acme: Company, request: ErasureRequest) -> str:
    browser = tenancy.signed_in(acme.olga, role="officer")
    page = browser.get(f"/n/acme/erasures/{request.pk}/").content.decode()
    return " ".join(page.split())


def kinds(request: ErasureRequest) -> list[str]:
    with namespace_scope(request.namespace_id):
        report = ErasureReport.objects.filter(erasure_request=request).first()
        return [stage.kind for stage in glance.stages(request, report)]


def test_an_officer_sees_what_goes_and_until_when_before_anything_else(
    acme: Company, request_: ErasureRequest
) -> None:
    text = text_of(acme, request_)

    top = text[text.index("At a glance") : text.index("What was asked")]
    assert "record of 1 person" in top
    assert "from 1 object" in top
    assert "Decide by" in top
    assert "in 30 days" in top
    assert 'href="#decide"' in top


def test_who_may_not_decide_is_led_to_no_decision(acme: Company, request_: ErasureRequest) -> None:
    browser = tenancy.signed_in(acme.ivan, role="admin")

    text = browser.get(f"/n/acme/erasures/{request_.pk}/").content.decode()

    assert "At a glance" in text
    assert 'href="#decide"' not in text


def test_the_masked_person_stands_at_the_top(acme: Company) -> None:
    with namespace_scope(acme.namespace.pk):
        request = acme.located(people=[{"email": "dora@customer.example"}])

    text = text_of(acme, request)

    assert "d•••e" in text[text.index("At a glance") : text.index("What was asked")]


def test_many_objects_are_folded_away_but_none_is_missing(acme: Company) -> None:
    for number in range(OBJECTS_ON_THE_PAGE + 2):
        (acme.folder / f"{number:02}.ndjson").write_bytes(purge.records(7))
    with namespace_scope(acme.namespace.pk):
        request = acme.located()

    text = text_of(acme, request)

    assert "2 more objects" in text
    assert all(f"sales/{number:02}.ndjson" in text for number in range(OBJECTS_ON_THE_PAGE + 2))


def test_the_way_shows_what_is_done_and_what_is_ahead(request_: ErasureRequest) -> None:
    assert kinds(request_) == ["done", "done", "now", "ahead", "ahead"]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.RECEIVED, ["done", "now", "ahead", "ahead", "ahead"]),
        (State.REJECTED, ["done", "done", "stopped", "ahead", "ahead"]),
        (State.CANCELLED, ["done", "done", "stopped", "ahead", "ahead"]),
        (State.PARTIALLY_FAILED, ["done", "done", "done", "stopped", "ahead"]),
        (State.VERIFYING, ["done", "done", "done", "done", "now"]),
        (State.COMPLETED, ["done"] * 5),
    ],
)
def test_each_state_stands_somewhere_on_the_way(
    request_: ErasureRequest, state: State, expected: list[str]
) -> None:
    request_.state = state

    assert kinds(request_) == expected


def test_one_that_failed_before_a_report_stopped_while_it_was_located(acme: Company) -> None:
    with namespace_scope(acme.namespace.pk):
        failed = ErasureRequest(state=State.FAILED, created_at=timezone.now())
        assert glance.stages(failed, None)[1].kind == "stopped"


def test_an_old_version_that_goes_whole_is_told_before_it_is_approved(
    acme: Company, request_: ErasureRequest
) -> None:
    with namespace_scope(acme.namespace.pk):
        report = ErasureReport.objects.get(erasure_request=request_)
        [found] = report.document["objects"]
        report.document["objects"] = [{**found, "plan": Plan.REMOVE_VERSION}]
        report.save(update_fields=["document"])

    text = text_of(acme, request_)

    assert "1 old version of objects would go whole," in text
    assert "1 old version goes whole" in text[text.index('id="decide"') :]
    assert "Nothing else in these objects changes" not in text


def test_what_goes_and_what_stays_are_drawn_side_by_side() -> None:
    shares = glance.shares({"records": 900, "held": 99, "unclear": 1})

    assert [(one.kind, one.count) for one in shares] == [("cut", 900), ("held", 99), ("unclear", 1)]
    assert sum(one.width for one in shares) == pytest.approx(100)
    assert shares[2].width > 1
    assert shares[2].x + shares[2].width == pytest.approx(100)


def test_where_all_of_it_goes_there_is_nothing_to_compare() -> None:
    assert glance.shares({"records": 7, "held": 0, "unclear": 0}) == []


@pytest.mark.parametrize(("days", "words"), [(-1, "1 day overdue"), (0, "today"), (9, "in 9 days")])
def test_a_day_is_told_by_its_distance(days: int, words: str) -> None:
    now = timezone.now()

    assert glance.until(now + timedelta(days=days), now=now) == words
