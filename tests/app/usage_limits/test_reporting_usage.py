"""A script tells what was used, and reads what was: once by id, in its period, as a series."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from tests.factories.junk import POISONED_NUMBERS
from tests.factories.rest import Script, body_with, pointers
from tests.factories.usage_limits import A_LIMIT, an_event, reserved
from usage_limits.domain.admissions import UsageLimitReached
from usage_limits.models import UsageEntry

pytestmark = pytest.mark.django_db


def test_events_are_booked_exactly_once_by_id(acme: Namespace, script: Script) -> None:
    limit = script.post("usage-limits/", A_LIMIT).json()
    batch = [an_event(), an_event(id="e-2", amount="0.25")]

    first = script.post("usage/events/", batch)
    again = script.post("usage/events/", [*batch, batch[0]])

    assert first.json() == {"accepted": 2, "duplicates": 0}
    assert again.json() == {"accepted": 0, "duplicates": 3}
    state = script.get(f"usage-limits/{limit['id']}/").json()["state"]
    assert (state["used"], state["percent"]) == (0.75, 37.5)


def test_the_same_id_with_another_payload_is_a_409_and_books_nothing(
    acme: Namespace, script: Script
) -> None:
    first = an_event()
    script.post("usage/events/", [first])

    other = script.post("usage/events/", [an_event(id="e-9"), {**first, "amount": 0.6}])
    within = script.post("usage/events/", [an_event(id="e-8"), an_event(id="e-8", amount=1)])

    assert (other.status_code, other.json()["code"]) == (409, "usage_event_conflict")
    assert within.status_code == 409
    with namespace_scope(acme.pk):
        assert UsageEntry.objects.count() == 1


def test_reported_use_disables_and_the_refusal_says_which_limit(
    acme: Namespace, script: Script
) -> None:
    made = script.post("usage-limits/", A_LIMIT).json()
    script.post("usage/events/", [an_event(amount=2)])

    state = script.get(f"usage-limits/{made['id']}/").json()["state"]
    log = script.get("usage-control-log/").json()

    assert state["disabled"] is True
    logged = sorted((row["threshold"], row["used"], row["action"]) for row in log["results"])
    assert logged == [(80, 2, "disable"), (100, 2, "disable")]
    assert {row["usage_limit"] for row in log["results"]} == {made["id"]}
    with pytest.raises(UsageLimitReached), namespace_scope(acme.pk):
        reserved("q", "0.1", now=timezone.now())


def test_a_late_event_adjusts_its_own_period_and_disables_nothing_now(script: Script) -> None:
    made = script.post("usage-limits/", A_LIMIT).json()
    late = (timezone.now() - timedelta(days=14)).isoformat()

    assert script.post("usage/events/", [an_event(amount=9, at=late)]).status_code == 200

    state = script.get(f"usage-limits/{made['id']}/").json()["state"]
    assert (state["used"], state["disabled"]) == (0, False)


@pytest.mark.parametrize("literal", POISONED_NUMBERS)
def test_a_poisoned_amount_of_an_event_is_a_400_that_names_the_field(
    acme: Namespace, script: Script, literal: str
) -> None:
    batch = f"[{json.dumps(an_event(id='good'))}, {body_with(an_event(), 'amount', literal)}]"

    answer = script.post("usage/events/", batch)

    assert answer.status_code == 400
    assert pointers(answer) == ["/1/amount"]
    with namespace_scope(acme.pk):
        assert not UsageEntry.objects.exists()


@pytest.mark.parametrize(
    "at",
    [
        "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "NaN",
        "1e309", "\uff12\uff10\uff12\uff16-01-01T00:00:00Z", "", 1700000000, None, "2026-13-01",
    ],
)  # fmt: skip
def test_a_poisoned_time_is_a_400_that_names_the_field(script: Script, at: object) -> None:
    answer = script.post("usage/events/", [an_event(at=at)])

    assert answer.status_code == 400
    assert pointers(answer) == ["/0/at"]


def test_the_future_is_refused_beyond_five_minutes(script: Script) -> None:
    now = timezone.now()
    soon, later = now + timedelta(minutes=4), now + timedelta(minutes=6)

    assert script.post("usage/events/", [an_event(at=soon.isoformat())]).status_code == 200
    refused = script.post("usage/events/", [an_event(id="e-2", at=later.isoformat())])
    assert pointers(refused) == ["/0/at"]


@pytest.mark.parametrize("body", [{}, "x", 5, None])
def test_a_batch_is_a_list(script: Script, body: object) -> None:
    assert script.post("usage/events/", json.dumps(body)).status_code == 400


def test_usage_is_a_series_by_day_and_source(script: Script) -> None:
    now = timezone.now()
    yesterday = now - timedelta(days=1)
    script.post(
        "usage/events/",
        [
            an_event(id="a", amount=1, at=yesterday.isoformat()),
            an_event(id="b", amount=2, at=yesterday.isoformat(), source="hive"),
            an_event(id="c", amount=0.5, at=now.isoformat()),
            an_event(id="d", amount=3, feature_type="concurrency-scaling"),
        ],
    )

    daily = script.get("usage/?feature_type=spectrum&interval=day").json()
    by_source = script.get("usage/?feature_type=spectrum&group_by=source").json()

    [series] = daily["series"]
    assert (series["unit"], series["total"]) == ("TB", 3.5)
    assert [point["amount"] for point in series["points"]] == [3, 0.5]
    totals = {item["source"]: item["total"] for item in by_source["series"]}
    assert totals == {"spark": 1.5, "hive": 2}


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("interval=fortnight", "/interval"),
        ("group_by=user", "/group_by"),
        ("from=NaN", "/from"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "/from"),
        ("from=2000-01-01T00:00:00Z&interval=hour", "/from"),
        ("unknown=1", "/unknown"),
    ],
)
def test_a_series_that_makes_no_sense_is_refused(script: Script, query: str, pointer: str) -> None:
    answer = script.get(f"usage/?{query}")

    assert answer.status_code == 400
    assert pointers(answer) == [pointer]


def test_the_log_is_read_only_and_filtered(script: Script) -> None:
    script.post("usage-limits/", A_LIMIT)
    script.post("usage/events/", [an_event(amount=2)])

    assert script.get("usage-control-log/?threshold=80").json()["count"] == 1
    assert script.get("usage-control-log/?action=log").json()["count"] == 0
    assert script.post("usage-control-log/", {}).status_code == 405
    [first, _] = script.get("usage-control-log/").json()["results"]
    assert script.delete(f"usage-control-log/{first['id']}/").status_code == 405


def test_eve_sees_no_usage_log_or_event_of_ours(script: Script, eve: Script) -> None:
    script.post("usage-limits/", A_LIMIT)
    event = an_event(amount=2)
    script.post("usage/events/", [event])

    assert eve.get("usage-control-log/").json()["count"] == 0
    assert [item["total"] for item in eve.get("usage/").json()["series"]] == [0, 0]
    # The same id is hers to use: ids are unique within a namespace.
    assert eve.post("usage/events/", [event]).json() == {"accepted": 1, "duplicates": 0}
    assert eve.post(f"{script.base}usage/events/", [event]).status_code == 404
