"""A webhook's address holds a token past its host: used, and shown to nobody again."""

import hashlib
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from governance.isolation.scopes import namespace_scope, system_scope
from governance.secrets import sealing
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors
from tests.factories.rest import Script
from tests.factories.rows import all_as_text
from tests.factories.tenancy import ivan, signed_in
from usage_limits.domain import signatures
from usage_limits.domain.channels import ChannelKind
from usage_limits.models import AlertChannel, AlertDelivery
from usage_limits.services import alert_channels, housekeeping, webhooks
from usage_limits.services.alert_channels import ChannelChange

TOKEN = "T0AB12CD-canary-77e1"
SLACK = f"https://hooks.slack.customer.example/services/{TOKEN}"
OTHER = f"{SLACK}-new"
SHOWN = r"https://hooks\.slack\.customer\.example/••••[0-9a-f]{8}"

pytestmark = pytest.mark.django_db


@pytest.fixture
def script(acme: Namespace) -> Script:
    return Script(acme)


def channel_of(script: Script, target: str = SLACK) -> str:
    made = script.post("alert-channels/", {"kind": "webhook", "target": target})
    assert made.status_code == 201, made.content
    return f"alert-channels/{made.json()['id']}/"


def kept(namespace: Namespace) -> str:
    with namespace_scope(namespace.pk):
        return alert_channels.target_of(AlertChannel.objects.get()).reveal()


def test_rest_shows_nothing_past_the_host(acme: Namespace, script: Script) -> None:
    address = channel_of(script)

    for answer in (script.get(address), script.get("alert-channels/"), script.get("audit-events/")):
        assert TOKEN not in answer.content.decode()
    assert re.fullmatch(SHOWN, script.get(address).json()["target"])
    assert kept(acme) == SLACK
    assert TOKEN not in all_as_text()


def test_an_email_address_is_shown(script: Script) -> None:
    made = script.post("alert-channels/", {"kind": "email", "target": "a@customer.example"})

    assert made.json()["target"] == "a@customer.example"


def test_what_is_shown_sent_back_keeps_the_address_and_another_replaces_it(
    acme: Namespace, script: Script
) -> None:
    address = channel_of(script)
    shown = script.get(address).json()["target"]

    for same in (shown, "••••"):
        changed = script.patch(address, {"target": same, "enabled": False})
        assert (changed.status_code, kept(acme)) == (200, SLACK)
    changed = script.patch(address, {"target": OTHER})

    assert kept(acme) == OTHER
    assert changed.json()["target"] != shown
    assert TOKEN not in changed.content.decode()


def test_a_mask_is_no_address_of_a_new_channel(script: Script) -> None:
    masked = {"kind": "webhook", "target": "https://hooks.customer.example/••••12345678"}

    answer = script.post("alert-channels/", masked)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/target"
    assert "Write the whole address" in answer.json()["errors"][0]["detail"]


def test_two_addresses_of_a_host_are_two_channels_and_the_same_is_one(script: Script) -> None:
    one, other = (script.get(channel_of(script, target)).json() for target in (SLACK, OTHER))

    again = script.post("alert-channels/", {"kind": "webhook", "target": SLACK})

    assert one["target"] != other["target"]
    assert (again.status_code, again.json()["code"]) == (409, "alert_channel_taken")


def test_the_admin_shows_nothing_past_the_host_and_keeps_it_when_saved(acme: Namespace) -> None:
    channel_of(Script(acme))
    browser: Client = signed_in(ivan(acme))
    with namespace_scope(acme.pk):
        row = AlertChannel.objects.get()
    page = reverse("admin:usage_limits_alertchannel_change", args=(row.pk,))
    pages = [page, page.replace("change", "history"), page.removesuffix(f"{row.pk}/change/")]

    for each in pages:
        assert TOKEN not in browser.get(each).content.decode()
    values = {"kind": "webhook", "target": row.target, "secret": "", "enabled": "on"}
    assert browser.post(page, values).status_code == 302

    assert kept(acme) == SLACK


def test_an_export_shows_nothing_past_the_host_and_applies(
    acme: Namespace, script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    channel_of(script)
    document = tmp_path / "lakewarden.yaml"
    call_command("export", "--namespace", "acme")
    document.write_text(capsys.readouterr().out, encoding="utf-8")

    call_command("apply", str(document))

    assert TOKEN not in document.read_text(encoding="utf-8")
    assert "0 added, 0 changed" in capsys.readouterr().out
    assert kept(acme) == SLACK


def test_a_document_names_the_address_by_its_variable(
    acme: Namespace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ACME_SLACK", SLACK)
    document = tmp_path / "lakewarden.yaml"
    document.write_text(
        "namespaces:\n- name: acme\n  alert-channels:\n"
        "  - kind: webhook\n    target: {from_environment: ACME_SLACK}\n",
        encoding="utf-8",
    )

    told = []
    for _ in range(2):
        call_command("apply", str(document))
        told.append(capsys.readouterr().out)

    assert "1 added" in told[0]
    assert "0 added, 0 changed" in told[1]
    assert kept(acme) == SLACK
    assert TOKEN not in "".join(told)


def test_an_address_that_an_earlier_version_kept_in_the_open_is_sealed(
    acme: Namespace, now: datetime
) -> None:
    with namespace_scope(acme.pk):
        AlertChannel.objects.create(kind="webhook", target=SLACK)
        housekeeping.keep_house(now=now)
        [row] = AlertChannel.objects.all()

    assert re.fullmatch(SHOWN, row.target)
    assert kept(acme) == SLACK
    assert TOKEN not in all_as_text()


def test_the_digits_shown_tell_nobody_which_address_it_is(
    acme: Namespace, script: Script, now: datetime
) -> None:
    address = channel_of(script)
    digits = script.get(address).json()["target"].rpartition("••••")[2]
    plain = hashlib.sha256(SLACK.encode()).hexdigest()[:8]
    assert digits != plain

    with namespace_scope(acme.pk):
        AlertChannel.objects.update(target=f"https://hooks.slack.customer.example/••••{plain}")
        housekeeping.keep_house(now=now)

    assert script.get(address).json()["target"].endswith(digits)
    assert kept(acme) == SLACK


def test_a_secret_goes_when_its_day_is_over(acme: Namespace, now: datetime) -> None:
    with namespace_scope(acme.pk):
        by = {"actor": actors.system(), "now": now}
        first = ChannelChange(kind=ChannelKind.WEBHOOK, target=SLACK, secret="first-secret")
        row = alert_channels.create(wanted=first, **by)  # type: ignore[arg-type]
        second = ChannelChange(secret="second-secret")
        alert_channels.change(channel_id=row.pk, wanted=second, **by)  # type: ignore[arg-type]
        sealed = []
        for hours in (23, 25):
            housekeeping.keep_house(now=now + timedelta(hours=hours))
            row.refresh_from_db()
            sealed.append(bool(row.previous_secret))

        assert sealed == [True, False]
        assert row.previous_secret_until is None
        secret = sealing.get(row, "secret")
        assert secret is not None
        assert secret.reveal() == "second-secret"
    with system_scope("which namespaces are tended"):
        assert acme.pk in housekeeping.namespaces_with_work(now=now)


def test_a_new_secret_and_the_one_before_it_both_sign_for_a_day(
    acme: Namespace, now: datetime
) -> None:
    old, new = "whsec_b2xkLXNlY3JldA==", "whsec_bmV3LXNlY3JldA=="
    with namespace_scope(acme.pk):
        by = {"actor": actors.system(), "now": now}
        first = ChannelChange(kind=ChannelKind.WEBHOOK, target=SLACK, secret=old)
        row = alert_channels.create(wanted=first, **by)  # type: ignore[arg-type]
        second = ChannelChange(secret=new)
        alert_channels.change(channel_id=row.pk, wanted=second, **by)  # type: ignore[arg-type]
        delivery = AlertDelivery.objects.create(channel=row, event="test", body={})
        answers = {}
        for hours in (23, 25):
            at = now + timedelta(hours=hours)
            wanted = webhooks.prepared(delivery_id=delivery.pk, now=at)
            assert wanted is not None
            _, body, headers = wanted
            answers[hours] = [
                signatures.is_authentic(
                    given=headers, body=body, secret=secret, now=int(at.timestamp())
                )
                for secret in (old, new)
            ]

    assert answers == {23: [True, True], 25: [False, True]}
