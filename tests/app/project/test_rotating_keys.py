"""After `manage.py rotate_keys` the old key can be removed; killed midway, it is run again."""

import base64
import io

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from federation.models import Directory
from governance.audit import trail
from governance.audit.models import AuditSeal
from governance.audit.services import chains
from governance.isolation.scopes import namespace_scope, system_scope
from governance.secrets import sealing
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors
from tests.factories import tenancy

pytestmark = pytest.mark.django_db
OLD = "old:" + base64.b64encode(b"o" * 32).decode()
NEW = "new:" + base64.b64encode(b"n" * 32).decode()
COUNT = 3


@pytest.fixture
def namespace(settings: Settings) -> Namespace:
    settings.FIELD_KEYS = OLD
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        for number in range(COUNT):
            directory = Directory(
                name=f"d{number}", base_dn="dc=acme,dc=test", namespace_id=namespace.pk
            )
            sealing.put(directory, "bind_password", f"secret {number}")
            directory.save()
    settings.FIELD_KEYS = f"{NEW},{OLD}"
    return namespace


def rotate() -> str:
    out = io.StringIO()
    call_command("rotate_keys", stdout=out)
    return out.getvalue()


def opened(namespace: Namespace) -> list[str]:
    with namespace_scope(namespace.pk):
        values = [sealing.get(row, "bind_password") for row in Directory.objects.order_by("name")]
    return [value.reveal() for value in values if value is not None]


def test_the_old_key_can_be_removed_afterwards(namespace: Namespace, settings: Settings) -> None:
    rotate()

    settings.FIELD_KEYS = NEW
    assert opened(namespace) == [f"secret {number}" for number in range(COUNT)]


def test_rotating_again_changes_nothing(namespace: Namespace) -> None:
    rotate()

    assert rotate().startswith("0 secrets")


def test_a_rotation_that_was_killed_midway_is_run_again(
    namespace: Namespace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = sealing.reseal, []

    def killed_at_the_second(row: sealing.SealedRow, column: str) -> bool:
        calls.append(row.pk)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(row, column)

    with monkeypatch.context() as patch:
        patch.setattr(sealing, "reseal", killed_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            rotate()

    assert len(opened(namespace)) == COUNT
    rotate()
    settings.FIELD_KEYS = NEW
    assert len(opened(namespace)) == COUNT


@pytest.mark.parametrize("in_the_namespace", [True, False])
def test_what_the_old_key_sealed_in_the_audit_trail_still_verifies(
    namespace: Namespace, settings: Settings, *, in_the_namespace: bool
) -> None:
    settings.FIELD_KEYS = OLD
    seal(namespace)
    settings.FIELD_KEYS = f"{NEW},{OLD}"
    seal(namespace)
    rotate()
    settings.FIELD_KEYS = NEW
    seal(namespace)

    with namespace_scope(namespace.pk) if in_the_namespace else system_scope("test"):
        found = chains.verify(now=timezone.now())
        names = set(AuditSeal.objects.values_list("key_id", flat=True))

    assert (found.broken, found.sealed > COUNT) == ((), True)
    assert names == {"old", "new"}


def test_a_trail_whose_key_is_lost_does_not_verify(
    namespace: Namespace, settings: Settings
) -> None:
    settings.FIELD_KEYS = OLD
    seal(namespace)
    settings.FIELD_KEYS = NEW

    with namespace_scope(namespace.pk):
        [link] = chains.verify(now=timezone.now()).broken

    assert (link.sequence, link.why) == (1, "its key 'old' is not known here")


def seal(namespace: Namespace) -> None:
    with namespace_scope(namespace.pk):
        trail.record(actor=actors.system(), action="test.done", now=timezone.now())
    with system_scope("test"):
        chains.seal_pending()
