"""What a script does with limits, usage, rules and channels; and what Eve is told."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.outbox.models import OutboxMessage
from governance.tenancy.models import Namespace
from tests.factories.rest import Script
from tests.factories.tenancy import a_namespace
from tests.factories.usage_limits import reserved
from usage_limits.domain.admissions import UsageLimitReached
from usage_limits.models import AlertChannel, UsageEntry

pytestmark = pytest.mark.django_db

SPECTRUM: dict[str, Any] = {
    "feature_type": "spectrum",
    "limit_type": "data-scanned",
    "amount": 2,
    "period": "weekly",
    "breach_action": "disable",
    "thresholds": [80, 100],
}
RULE: dict[str, Any] = {
    "name": "no_big_scans",
    "predicates": [{"metric": "spectrum_scan_size_mb", "operator": ">", "value": 1048576}],
    "action": "abort",
}
POISON = [
    "NaN", "Infinity", "-Infinity", "1e309", "-1", "9223372036854775808", '"NaN"', '"1e309"',
    '"-1"', '"\\uff11\\uff10\\uff10"', "null", "true", "[]", "{}", '""', "0.0000000000001",
    "1e999999999",
]  # fmt: skip


@pytest.fixture
def acme() -> Namespace:
    return a_namespace("acme")


@pytest.fixture
def script(acme: Namespace) -> Script:
    return Script(acme, "usage:write")


@pytest.fixture
def eve() -> Script:
    return Script(a_namespace("eves", account_id="111122223333"), "usage:write")


def an_event(**changes: Any) -> dict[str, Any]:
    return {
        "id": "e-1",
        "feature_type": "spectrum",
        "amount": 0.5,
        "at": timezone.now().isoformat(),
        "source": "spark",
        **changes,
    }


def pointers(answer: HttpResponse) -> list[str]:
    return [error["pointer"] for error in json.loads(answer.content)["errors"]]


def body_with(item: dict[str, Any], field: str, literal: str) -> str:
    """JSON text in which a field is written literally, as no JSON library would write it."""
    return json.dumps({**item, field: "@"}).replace('"@"', literal)


# --- limits


def test_a_limit_is_made_and_says_where_it_stands(script: Script) -> None:
    answer = script.post("usage-limits/", SPECTRUM)
    made = answer.json()

    assert answer.status_code == 201
    assert answer["Location"].endswith(f"/usage-limits/{made['id']}/")
    assert {name: made[name] for name in SPECTRUM} == SPECTRUM
    state = made["state"]
    assert (state["used"], state["amount"], state["percent"]) == (0, 2, 0)
    assert state["disabled"] is False
    assert state["period_start"] < state["period_end"]


def test_period_and_action_have_defaults(script: Script) -> None:
    made = script.post(
        "usage-limits/",
        {"feature_type": "concurrency-scaling", "limit_type": "time", "amount": "60.5"},
    ).json()

    assert (made["period"], made["breach_action"], made["amount"]) == ("monthly", "log", 60.5)
    assert made["thresholds"] == [100]


def test_a_wrong_pair_is_refused_with_the_field_named(script: Script) -> None:
    answer = script.post("usage-limits/", {**SPECTRUM, "limit_type": "time"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "limit_pair_invalid"
    assert pointers(answer) == ["/limit_type"]


def test_a_second_disable_and_a_fifth_limit_are_refused(script: Script) -> None:
    script.post("usage-limits/", SPECTRUM)
    second = script.post("usage-limits/", SPECTRUM)
    for _ in range(3):
        assert script.post("usage-limits/", {**SPECTRUM, "breach_action": "log"}).status_code == 201
    fifth = script.post("usage-limits/", {**SPECTRUM, "breach_action": "log"})

    assert (second.status_code, second.json()["code"]) == (409, "second_disable_limit")
    assert "Only one DISABLE usage limit allowed per feature" in second.json()["detail"]
    assert (fifth.status_code, fifth.json()["code"]) == (409, "too_many_limits")


def test_amount_and_action_change_and_nothing_else_does(script: Script) -> None:
    made = script.post("usage-limits/", SPECTRUM).json()
    address = f"usage-limits/{made['id']}/"

    changed = script.patch(address, {"amount": 3, "breach_action": "log"})
    refused = script.patch(address, {"amount": 4, "period": "daily"})

    assert changed.status_code == 200
    assert (changed.json()["amount"], changed.json()["breach_action"]) == (3, "log")
    assert changed.json()["thresholds"] == [80, 100]
    assert (refused.status_code, refused.json()["code"]) == (400, "limit_field_fixed")
    assert pointers(refused) == ["/period"]
    assert script.get(address).json()["amount"] == 3


def test_a_limit_is_removed(script: Script) -> None:
    address = f"usage-limits/{script.post('usage-limits/', SPECTRUM).json()['id']}/"

    assert script.delete(address).status_code == 204
    assert script.get(address).status_code == 404


@pytest.mark.parametrize("literal", POISON)
def test_a_poisoned_amount_of_a_limit_is_a_400_that_names_the_field(
    script: Script, literal: str
) -> None:
    answer = script.post("usage-limits/", body_with(SPECTRUM, "amount", literal))

    assert answer.status_code == 400
    assert pointers(answer) == ["/amount"]


@pytest.mark.parametrize("literal", ["[0]", "[80.5]", "[NaN]", '["80"]', "[1001]", "[true]", "8"])
def test_poisoned_thresholds_are_a_400_that_names_the_field(script: Script, literal: str) -> None:
    answer = script.post("usage-limits/", body_with(SPECTRUM, "thresholds", literal))

    assert answer.status_code == 400
    assert pointers(answer)[0].startswith("/thresholds")


def test_an_unknown_field_is_refused(script: Script) -> None:
    assert pointers(script.post("usage-limits/", {**SPECTRUM, "used": 1})) == ["/used"]


# --- events and usage


def test_events_are_booked_exactly_once_by_id(acme: Namespace, script: Script) -> None:
    limit = script.post("usage-limits/", SPECTRUM).json()
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
    made = script.post("usage-limits/", SPECTRUM).json()
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
    made = script.post("usage-limits/", SPECTRUM).json()
    late = (timezone.now() - timedelta(days=14)).isoformat()

    assert script.post("usage/events/", [an_event(amount=9, at=late)]).status_code == 200

    state = script.get(f"usage-limits/{made['id']}/").json()["state"]
    assert (state["used"], state["disabled"]) == (0, False)


@pytest.mark.parametrize("literal", POISON)
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
    script.post("usage-limits/", SPECTRUM)
    script.post("usage/events/", [an_event(amount=2)])

    assert script.get("usage-control-log/?threshold=80").json()["count"] == 1
    assert script.get("usage-control-log/?action=log").json()["count"] == 0
    assert script.post("usage-control-log/", {}).status_code == 405
    [first, _] = script.get("usage-control-log/").json()["results"]
    assert script.delete(f"usage-control-log/{first['id']}/").status_code == 405


# --- rules


def test_a_rule_is_made_changed_and_removed(script: Script) -> None:
    made = script.post("workload-rules/", RULE)
    address = f"workload-rules/{made.json()['id']}/"

    changed = script.patch(address, {"action": "log"})

    assert made.status_code == 201
    assert (changed.json()["action"], changed.json()["name"]) == ("log", "no_big_scans")
    assert changed.json()["predicates"] == RULE["predicates"]
    assert script.delete(address).status_code == 204


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": "a b"}, "/name"),
        ({"name": "x" * 33}, "/name"),
        ({"predicates": []}, "/predicates"),
        ({"predicates": RULE["predicates"] * 4}, "/predicates"),
        ({"action": "explode"}, "/action"),
        ({"position": -1}, "/position"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_when_saved(
    script: Script, changes: dict[str, Any], pointer: str
) -> None:
    answer = script.post("workload-rules/", {**RULE, **changes})

    assert answer.status_code == 400
    assert pointers(answer) == [pointer]


@pytest.mark.parametrize("literal", ["NaN", "-1", "1e309", "1.5", '"5"', "true", "[]", "null"])
def test_a_poisoned_value_of_a_rule_is_a_400_that_names_the_field(
    script: Script, literal: str
) -> None:
    predicate = body_with(RULE["predicates"][0], "value", literal)

    answer = script.post("workload-rules/", body_with(RULE, "predicates", f"[{predicate}]"))

    assert answer.status_code == 400
    assert pointers(answer) == ["/predicates/0/value"]


def test_a_rules_name_is_unique(script: Script) -> None:
    script.post("workload-rules/", RULE)

    again = script.post("workload-rules/", RULE)

    assert (again.status_code, again.json()["code"]) == (409, "workload_rule_name_taken")


# --- channels


def test_a_channel_keeps_its_secret_to_itself(acme: Namespace, script: Script) -> None:
    made = script.post(
        "alert-channels/",
        {"kind": "webhook", "target": "https://hooks.customer.example/x", "secret": "whsec_c2g="},
    )
    address = f"alert-channels/{made.json()['id']}/"

    kept = script.patch(address, {"enabled": False, "secret": "••••"})

    assert made.status_code == 201
    assert made.json()["secret"] == kept.json()["secret"] == "••••"
    assert kept.json()["enabled"] is False
    with namespace_scope(acme.pk):
        stored = AlertChannel.objects.get().secret
    assert stored.startswith("v1:")
    assert "whsec" not in stored


@pytest.mark.parametrize(
    "target", ["http://hooks.customer.example/", "https://hooks.customer.example:22/", "ivan"]
)
def test_a_webhook_goes_to_https_alone(script: Script, target: str) -> None:
    answer = script.post("alert-channels/", {"kind": "webhook", "target": target})

    assert answer.status_code == 400
    assert pointers(answer) == ["/target"]


def test_a_channel_is_there_once_and_is_removed(script: Script) -> None:
    body = {"kind": "email", "target": "a@customer.example"}
    made = script.post("alert-channels/", body).json()

    again = script.post("alert-channels/", body)

    assert (again.status_code, again.json()["code"]) == (409, "alert_channel_taken")
    assert script.delete(f"alert-channels/{made['id']}/").status_code == 204
    assert script.get("alert-channels/").json()["count"] == 0


def test_there_are_at_most_twenty_channels(script: Script) -> None:
    for number in range(20):
        body = {"kind": "email", "target": f"a{number}@customer.example"}
        assert script.post("alert-channels/", body).status_code == 201

    more = script.post("alert-channels/", {"kind": "email", "target": "b@customer.example"})

    assert (more.status_code, more.json()["code"]) == (409, "too_many_alert_channels")


def test_a_channel_is_tested_through_the_outbox(acme: Namespace, script: Script) -> None:
    made = script.post("alert-channels/", {"kind": "email", "target": "a@customer.example"}).json()

    answer = script.post(f"alert-channels/{made['id']}/test/")

    assert answer.status_code == 202
    with namespace_scope(acme.pk):
        [message] = OutboxMessage.objects.filter(kind="email")
    assert message.payload["context"]["headline"].startswith("This is a test")


# --- who may


@pytest.mark.parametrize("kind", ["usage-limits", "workload-rules", "alert-channels"])
def test_eve_is_told_that_there_is_no_such_thing(script: Script, eve: Script, kind: str) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "usage-limits": SPECTRUM,
        "workload-rules": RULE,
        "alert-channels": {"kind": "email", "target": "a@customer.example"},
    }
    made = script.post(f"{kind}/", bodies[kind]).json()
    below_hers, below_ours = f"{kind}/{made['id']}/", f"{script.base}{kind}/{made['id']}/"

    for address in (below_hers, below_ours):
        assert eve.get(address).status_code == 404
        assert eve.patch(address, {}).status_code == 404
        assert eve.delete(address).status_code == 404
    assert eve.get(f"{kind}/").json()["count"] == 0
    assert eve.get(f"{script.base}{kind}/").status_code == 404
    assert script.get(f"{kind}/{made['id']}/").status_code == 200


def test_eve_sees_no_usage_log_or_event_of_ours(script: Script, eve: Script) -> None:
    script.post("usage-limits/", SPECTRUM)
    event = an_event(amount=2)
    script.post("usage/events/", [event])

    assert eve.get("usage-control-log/").json()["count"] == 0
    assert [item["total"] for item in eve.get("usage/").json()["series"]] == [0, 0]
    # The same id is hers to use: ids are unique within a namespace.
    assert eve.post("usage/events/", [event]).json() == {"accepted": 1, "duplicates": 0}
    assert eve.post(f"{script.base}usage/events/", [event]).status_code == 404


def test_a_reading_token_changes_nothing(acme: Namespace) -> None:
    reader = Script(acme, "usage:read")

    assert reader.get("usage-limits/").status_code == 200
    for path, body in (
        ("usage-limits/", SPECTRUM),
        ("workload-rules/", RULE),
        ("usage/events/", [an_event()]),
        ("alert-channels/", {"kind": "email", "target": "a@customer.example"}),
    ):
        assert reader.post(path, body).status_code == 403
