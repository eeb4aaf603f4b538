"""The trail is append-only, and its chain shows what was changed behind our back."""

import pytest
from django.db import ProgrammingError, connection, transaction
from django.utils import timezone

from governance.audit import trail
from governance.audit.models import AuditEvent, AuditSeal
from governance.audit.services import chains
from governance.isolation.scopes import namespace_scope, system_scope
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors
from tests.factories import tenancy

pytestmark = pytest.mark.django_db


@pytest.fixture
def namespace() -> Namespace:
    return tenancy.a_namespace()


@pytest.fixture
def sealed(namespace: Namespace) -> Namespace:
    with namespace_scope(namespace.pk):
        for number in range(5):
            trail.record(
                actor=actors.system(),
                action="test.done",
                detail={"number": number},
                now=timezone.now(),
            )
    with system_scope("test"):
        chains.seal_pending()
    return namespace


def verified() -> chains.Verification:
    with system_scope("test"):
        return chains.verify(now=timezone.now())


@pytest.mark.parametrize(
    "change", ["UPDATE audit_auditevent SET action = 'x'", "DELETE FROM audit_auditevent"]
)
@pytest.mark.usefixtures("sealed")
def test_the_service_cannot_change_or_remove_events(change: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        system_scope("attack"),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)


@pytest.mark.usefixtures("sealed")
def test_an_untouched_trail_verifies() -> None:
    verification = verified()

    assert verification.broken == ()
    assert verification.sealed >= 5
    assert verification.oldest_unsealed is None


def test_unsealed_events_are_told_by_age(namespace: Namespace) -> None:
    with namespace_scope(namespace.pk):
        trail.record(actor=actors.system(), action="test.done", now=timezone.now())

    assert verified().oldest_unsealed is not None


@pytest.mark.usefixtures("sealed")
def test_sealing_again_adds_only_what_is_new(namespace: Namespace) -> None:
    with system_scope("test"):
        assert chains.seal_pending() == 0
    with namespace_scope(namespace.pk):
        trail.record(actor=actors.system(), action="test.more", now=timezone.now())
    with system_scope("test"):
        assert chains.seal_pending() == 1

    assert verified().broken == ()


def test_namespaces_have_chains_of_their_own(sealed: Namespace) -> None:
    other = tenancy.a_namespace("other")
    with system_scope("test"):
        chains.seal_pending()

    with namespace_scope(other.pk):
        assert AuditSeal.objects.order_by("sequence").values_list("sequence", flat=True)[0] == 1
        assert AuditEvent.objects.filter(action="test.done").count() == 0
    with namespace_scope(sealed.pk):
        assert AuditEvent.objects.filter(action="test.done").count() == 5
