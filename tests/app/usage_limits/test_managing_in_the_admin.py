"""What Ivan does with limits, rules and channels in the web admin."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.outbox.models import OutboxMessage
from governance.tenancy.models import Namespace
from tests.factories.tenancy import a_namespace, a_platform_administrator, a_user, ivan, signed_in
from tests.factories.usage_limits import a_limit, a_rule, an_email_channel, settled, some_terms
from usage_limits.domain.limits import BreachAction
from usage_limits.models import AlertChannel, UsageControlLogEntry, UsageLimit, WorkloadRule

pytestmark = pytest.mark.django_db

LIMIT = {
    "feature_type": "spectrum",
    "amount": "0.5",
    "period": "weekly",
    "breach_action": "disable",
    "thresholds": "50, 80",
}
RULE = {
    "name": "no_big_scans",
    "action": "abort",
    "priority": "LOW",
    "position": "0",
    "metric_1": "spectrum_scan_size_mb",
    "operator_1": ">",
    "value_1": "1048576",
    "metric_2": "query_priority",
    "operator_2": "<",
    "value_2": "high",
    "metric_3": "",
    "operator_3": ">",
    "value_3": "",
}
PAGES = (
    "usagelimit", "workloadrule", "alertchannel", "usagecontrollogentry", "workloadrulematch",
    "alertdelivery",
)  # fmt: skip


def page(model: str, row: UUID | None = None, verb: str = "change") -> str:
    base = f"/admin/usage_limits/{model}/"
    return base if row is None else f"{base}{row}/{verb}/"


@pytest.fixture
def acme() -> Namespace:
    return a_namespace("acme")


@pytest.fixture
def browser(acme: Namespace) -> Client:
    return signed_in(ivan(acme))


@pytest.fixture
def eve() -> Client:
    return signed_in(ivan(a_namespace("eves", account_id="111122223333")))


def text_of(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def test_a_limit_is_made_in_the_words_of_an_administrator(acme: Namespace, browser: Client) -> None:
    answer = browser.post(f"{page('usagelimit')}add/", LIMIT)

    assert answer.status_code == 302
    with namespace_scope(acme.pk):
        made = UsageLimit.objects.get()
    assert (made.limit_type, str(made.amount), made.thresholds) == (
        "data-scanned",
        "0.500000",
        [50, 80],
    )


@pytest.mark.parametrize("amount", ["NaN", "-1", "1e309", "\uff11\uff10\uff10", "0", "", "x"])
def test_a_poisoned_amount_is_shown_at_its_field(
    acme: Namespace, browser: Client, amount: str
) -> None:
    answer = browser.post(f"{page('usagelimit')}add/", {**LIMIT, "amount": amount})

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors.keys() == {"amount"}


def test_a_second_disable_is_refused_with_the_sentence(acme: Namespace, browser: Client) -> None:
    browser.post(f"{page('usagelimit')}add/", LIMIT)

    answer = browser.post(f"{page('usagelimit')}add/", LIMIT)

    assert "Only one DISABLE usage limit allowed per feature" in answer.content.decode()
    with namespace_scope(acme.pk):
        assert UsageLimit.objects.count() == 1


def test_the_live_state_is_a_bar_with_a_figure_and_a_mark(acme: Namespace, browser: Client) -> None:
    now = timezone.now()
    with namespace_scope(acme.pk):
        limit = a_limit(some_terms(2), now=now)
        settled("a", "2.5", now=now)

    for address in (page("usagelimit"), page("usagelimit", limit.pk)):
        shown = text_of(browser, address)
        assert "2.5 TB of 2 TB (125 %)" in shown
        assert "Disabled until" in shown
        assert 'rect x="190.0"' in shown


def test_raising_the_amount_enables_at_once(acme: Namespace, browser: Client) -> None:
    now = timezone.now()
    with namespace_scope(acme.pk):
        limit = a_limit(some_terms(2), now=now)
        settled("a", 2, now=now)

    answer = browser.post(
        page("usagelimit", limit.pk),
        {"amount": "4", "breach_action": "disable", "thresholds": "100"},
    )

    assert answer.status_code == 302
    assert "Within" in text_of(browser, page("usagelimit"))


def test_feature_and_period_are_fixed(acme: Namespace, browser: Client) -> None:
    with namespace_scope(acme.pk):
        limit = a_limit(some_terms(2), now=timezone.now())

    browser.post(page("usagelimit", limit.pk), {**LIMIT, "period": "daily", "amount": "3"})

    with namespace_scope(acme.pk):
        row = UsageLimit.objects.get()
    assert (row.period, int(row.amount)) == ("weekly", 3)


def test_a_limit_is_removed(acme: Namespace, browser: Client) -> None:
    with namespace_scope(acme.pk):
        limit = a_limit(some_terms(2), now=timezone.now())
        settled("a", 1, now=timezone.now())

    answer = browser.post(page("usagelimit", limit.pk, "delete"), {"post": "yes"})

    assert answer.status_code == 302
    with namespace_scope(acme.pk):
        assert not UsageLimit.objects.exists()


def test_a_rule_is_made_and_changed(acme: Namespace, browser: Client) -> None:
    made = browser.post(f"{page('workloadrule')}add/", RULE)
    assert made.status_code == 302
    with namespace_scope(acme.pk):
        row = WorkloadRule.objects.get()
    assert str(row.rule) == "spectrum_scan_size_mb > 1048576 and query_priority < HIGH"

    shown = text_of(browser, page("workloadrule", row.pk))
    assert 'value="1048576"' in shown
    changed = browser.post(page("workloadrule", row.pk), {**RULE, "metric_2": "", "action": "log"})
    assert changed.status_code == 302
    with namespace_scope(acme.pk):
        assert str(WorkloadRule.objects.get().rule) == "spectrum_scan_size_mb > 1048576"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "a b"}, "name"),
        ({"metric_1": "", "metric_2": ""}, "metric_1"),
        ({"value_1": "-1"}, "value_1"),
        ({"metric_1": "", "value_2": "urgent"}, "value_2"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_at_the_field_that_is_wrong(
    acme: Namespace, browser: Client, changes: dict[str, Any], field: str
) -> None:
    answer = browser.post(f"{page('workloadrule')}add/", {**RULE, **changes})

    assert answer.status_code == 200
    errors = answer.context["adminform"].form.errors
    assert list(errors) == [field]
    assert len(errors[field]) == 1


def test_a_channel_is_made_and_tried_and_its_secret_never_shown(
    acme: Namespace, browser: Client
) -> None:
    values = {
        "kind": "webhook",
        "target": "https://hooks.customer.example/x",
        "secret": "whsec_c2VjcmV0",
        "events": ["usage_limit.reached"],
        "enabled": "on",
    }
    assert browser.post(f"{page('alertchannel')}add/", values).status_code == 302
    with namespace_scope(acme.pk):
        row = AlertChannel.objects.get()
    kept = browser.post(page("alertchannel", row.pk), {**values, "secret": ""})

    assert kept.status_code == 302
    assert "whsec" not in text_of(browser, page("alertchannel", row.pk))
    with namespace_scope(acme.pk):
        assert AlertChannel.objects.get().secret == row.secret
    tried = browser.post(f"{page('alertchannel')}{row.pk}/do/send-a-test/")
    assert tried.status_code == 302
    with namespace_scope(acme.pk):
        assert OutboxMessage.objects.filter(name="usage_limits.deliver_alert").exists()


def test_a_webhook_without_https_is_refused_at_its_field(acme: Namespace, browser: Client) -> None:
    answer = browser.post(
        f"{page('alertchannel')}add/",
        {"kind": "webhook", "target": "http://hooks.customer.example/", "secret": ""},
    )

    assert answer.status_code == 200
    assert "target" in answer.context["adminform"].form.errors


def test_a_rule_and_a_channel_are_listed_and_removed(acme: Namespace, browser: Client) -> None:
    with namespace_scope(acme.pk):
        rule = a_rule(("scan_row_count", ">", 1), name="ours", action="log")
        channel = an_email_channel()

    assert "scan_row_count &gt; 1" in text_of(browser, page("workloadrule"))
    assert "everything" in text_of(browser, page("alertchannel"))
    for model, row in (("workloadrule", rule.pk), ("alertchannel", channel.pk)):
        assert browser.post(page(model, row, "delete"), {"post": "yes"}).status_code == 302
    with namespace_scope(acme.pk):
        assert not WorkloadRule.objects.exists()
        assert not AlertChannel.objects.exists()


def test_the_log_is_read_only(acme: Namespace, browser: Client) -> None:
    now = timezone.now()
    with namespace_scope(acme.pk):
        a_limit(some_terms(1, action=BreachAction.LOG), now=now)
        settled("a", 2, now=now)
        entry = UsageControlLogEntry.objects.get()

    assert "100 % crossed" in text_of(browser, page("usagecontrollogentry"))
    assert browser.get(page("usagecontrollogentry", entry.pk)).status_code == 200
    assert browser.get(f"{page('usagecontrollogentry')}add/").status_code == 403
    assert browser.post(page("usagecontrollogentry", entry.pk), {"used": "0"}).status_code == 403
    assert browser.post(page("usagecontrollogentry", entry.pk, "delete")).status_code == 403


@pytest.mark.parametrize("model", PAGES)
def test_every_page_opens_for_ivan_and_for_the_platform(browser: Client, model: str) -> None:
    platform = signed_in(a_platform_administrator())

    assert browser.get(page(model)).status_code == 200
    assert platform.get(page(model)).status_code in {200, 302}


@pytest.mark.parametrize("model", PAGES)
def test_no_page_opens_for_an_officer(acme: Namespace, model: str) -> None:
    with namespace_scope(acme.pk):
        olga = a_user("olga", roles=["officer"])

    assert signed_in(olga).get(page(model)).status_code == 403


def test_eve_finds_nothing_of_ours(acme: Namespace, eve: Client) -> None:
    now = timezone.now()
    with namespace_scope(acme.pk):
        rows = {
            "usagelimit": a_limit(some_terms(1), now=now).pk,
            "workloadrule": a_rule(("scan_row_count", ">", 1), name="ours", action="log").pk,
            "alertchannel": an_email_channel().pk,
        }

    for model, row in rows.items():
        assert str(row) not in text_of(eve, page(model))
        assert eve.get(page(model, row)).status_code in {302, 404}
    assert (
        eve.post(f"{page('alertchannel')}{rows['alertchannel']}/do/send-a-test/").status_code == 404
    )


def test_the_first_page_says_what_is_disabled(acme: Namespace, browser: Client) -> None:
    now = timezone.now()
    with namespace_scope(acme.pk):
        a_limit(some_terms(2), now=now)
        settled("a", 2, now=now)

    assert "Data scanned, weekly: the limit is used up until" in text_of(browser, "/admin/")
