"""What a script does with limits, rules and channels; and what Eve is told."""

from typing import Any

import pytest

from governance.isolation.scopes import namespace_scope
from governance.outbox.models import OutboxMessage
from governance.tenancy.models import Namespace
from tests.factories.junk import POISONED_NUMBERS
from tests.factories.rest import Script, body_with, pointers
from tests.factories.usage_limits import A_LIMIT, an_event
from usage_limits.models import AlertChannel

pytestmark = pytest.mark.django_db
RULE: dict[str, Any] = {
    "name": "no_big_scans",
    "predicates": [{"metric": "spectrum_scan_size_mb", "operator": ">", "value": 1048576}],
    "action": "abort",
}


def test_a_limit_is_made_and_says_where_it_stands(script: Script) -> None:
    answer = script.post("usage-limits/", A_LIMIT)
    made = answer.json()

    assert answer.status_code == 201
    assert answer["Location"].endswith(f"/usage-limits/{made['id']}/")
    assert {name: made[name] for name in A_LIMIT} == A_LIMIT
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
    answer = script.post("usage-limits/", {**A_LIMIT, "limit_type": "time"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "limit_pair_invalid"
    assert pointers(answer) == ["/limit_type"]


def test_a_second_disable_and_a_fifth_limit_are_refused(script: Script) -> None:
    script.post("usage-limits/", A_LIMIT)
    second = script.post("usage-limits/", A_LIMIT)
    for _ in range(3):
        assert script.post("usage-limits/", {**A_LIMIT, "breach_action": "log"}).status_code == 201
    fifth = script.post("usage-limits/", {**A_LIMIT, "breach_action": "log"})

    assert (second.status_code, second.json()["code"]) == (409, "second_disable_limit")
    assert "Only one DISABLE usage limit allowed per feature" in second.json()["detail"]
    assert (fifth.status_code, fifth.json()["code"]) == (409, "too_many_limits")


def test_amount_and_action_change_and_nothing_else_does(script: Script) -> None:
    made = script.post("usage-limits/", A_LIMIT).json()
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
    address = f"usage-limits/{script.post('usage-limits/', A_LIMIT).json()['id']}/"

    assert script.delete(address).status_code == 204
    assert script.get(address).status_code == 404


@pytest.mark.parametrize("literal", POISONED_NUMBERS)
def test_a_poisoned_amount_of_a_limit_is_a_400_that_names_the_field(
    script: Script, literal: str
) -> None:
    answer = script.post("usage-limits/", body_with(A_LIMIT, "amount", literal))

    assert answer.status_code == 400
    assert pointers(answer) == ["/amount"]


@pytest.mark.parametrize("literal", ["[0]", "[80.5]", "[NaN]", '["80"]', "[1001]", "[true]", "8"])
def test_poisoned_thresholds_are_a_400_that_names_the_field(script: Script, literal: str) -> None:
    answer = script.post("usage-limits/", body_with(A_LIMIT, "thresholds", literal))

    assert answer.status_code == 400
    assert pointers(answer)[0].startswith("/thresholds")


def test_an_unknown_field_is_refused(script: Script) -> None:
    assert pointers(script.post("usage-limits/", {**A_LIMIT, "used": 1})) == ["/used"]


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


@pytest.mark.parametrize("kind", ["usage-limits", "workload-rules", "alert-channels"])
def test_eve_is_told_that_there_is_no_such_thing(script: Script, eve: Script, kind: str) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "usage-limits": A_LIMIT,
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


def test_a_reading_token_changes_nothing(acme: Namespace) -> None:
    reader = Script(acme, "usage:read")

    assert reader.get("usage-limits/").status_code == 200
    for path, body in (
        ("usage-limits/", A_LIMIT),
        ("workload-rules/", RULE),
        ("usage/events/", [an_event()]),
        ("alert-channels/", {"kind": "email", "target": "a@customer.example"}),
    ):
        assert reader.post(path, body).status_code == 403
