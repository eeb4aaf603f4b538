"""T68: whoever has the database changes, removes, inserts, moves or rewrites: verifying names it.

The attacker is PostgreSQL's superuser, past row-level security, triggers and foreign keys.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.utils import timezone
from psycopg.types.json import Jsonb
from pytest_django.fixtures import Settings

from governance.audit import trail
from governance.audit.models import AuditEvent, AuditSeal
from governance.audit.services import anchors, chains
from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.identifiers import new_id
from governance.project import tasks
from governance.project.embedded.postgres import ROOT_ROLE
from governance.tenancy.models import Namespace
from governance.tenancy.services import actors
from tests.factories import tenancy

pytestmark = pytest.mark.django_db(transaction=True)

EVENTS = 9
IN_STATEMENTS = {
    "EVENT": "(SELECT event_id FROM audit_auditseal "
    "WHERE namespace_id = %(ns)s AND sequence = %(n)s)",
    "TAIL": "FROM audit_auditseal WHERE namespace_id = %(ns)s AND sequence > %(n)s",
}
FIFTH = "DELETE FROM audit_auditseal WHERE namespace_id = %(ns)s AND sequence = 5"
WRITERS, EACH = 32, 1000 if os.environ.get("LAKEWARDEN_FULL") else 30
Attack = Callable[..., None]


@pytest.fixture(autouse=True)
def anchor_file(settings: Settings, tmp_path: Path) -> Path:
    settings.AUDIT_ANCHORS = tmp_path / "outside" / "anchors.log"
    return Path(settings.AUDIT_ANCHORS)


@pytest.fixture
def acme() -> Namespace:
    """Its trail has `EVENTS` events, all sealed."""
    made = tenancy.a_namespace("acme")
    written(made, EVENTS - events(made))
    return made


@pytest.fixture
def attack(connect_as: Callable[[str], psycopg.Connection]) -> Attack:
    def execute(statement: str, **values: object) -> None:
        for word, meaning in IN_STATEMENTS.items():
            statement = statement.replace(word, meaning)
        root = connect_as(ROOT_ROLE)
        root.execute("SET session_replication_role = replica")  # no triggers, no foreign keys
        done = root.execute(statement, values)
        assert done.rowcount != 0

    return execute


def events(namespace: Namespace) -> int:
    with namespace_scope(namespace.pk):
        return AuditEvent.objects.count()


def written(namespace: Namespace, count: int) -> None:
    with namespace_scope(namespace.pk):
        for number in range(count):
            trail.record(
                actor=actors.system(namespace.pk),
                action="test.done",
                detail={"number": number},
                now=timezone.now(),
            )
    sealed()


def sealed() -> None:
    with system_scope("test"):
        while chains.seal_pending():
            pass


def anchored() -> None:
    with system_scope("test"):
        anchors.drop(now=timezone.now())


def cut_after(number: int, namespace: Namespace, attack: Attack) -> None:
    events_of_it = "DELETE FROM audit_auditevent WHERE id IN (SELECT event_id TAIL)"
    for statement in (events_of_it, "DELETE TAIL"):
        attack(statement, ns=namespace.pk, n=number)


def first_fault() -> tuple[UUID | None, int, str]:
    with system_scope("test"):
        [link, *_] = chains.verify(now=timezone.now(), anchors=anchors.own()).broken
    return link.namespace_id, link.sequence, link.why


def verified() -> str:
    out = StringIO()
    call_command("verify_audit", stdout=out)
    return out.getvalue()


def test_an_untouched_trail_agrees_with_its_anchors(acme: Namespace) -> None:
    anchored()
    written(acme, 3)

    assert "no link is broken" in verified()
    assert "0 anchors" not in verified()


@pytest.mark.parametrize(
    "change",
    [
        "action = 'test.forged'",
        "actor_id = gen_random_uuid()",
        "at = at - interval '1 second'",
        "detail = '{}'",
        "target_id = gen_random_uuid()",
        "network = '192.0.2.0/24'",
    ],
)
def test_a_changed_event_is_named(acme: Namespace, attack: Attack, change: str) -> None:
    statement = "UPDATE audit_auditevent SET CHANGE WHERE id = EVENT".replace("CHANGE", change)
    attack(statement, ns=acme.pk, n=4)

    assert first_fault() == (acme.pk, 4, "the event or its seal was changed")
    with pytest.raises(CommandError, match=f"sequence 4 of {acme.pk}"):
        verified()


@pytest.mark.parametrize("with_its_seal", [True, False])
def test_an_event_removed_from_the_middle_is_named(
    acme: Namespace, attack: Attack, *, with_its_seal: bool
) -> None:
    attack("DELETE FROM audit_auditevent WHERE id = EVENT", ns=acme.pk, n=5)
    if with_its_seal:
        attack(
            "DELETE FROM audit_auditseal WHERE namespace_id = %(ns)s AND sequence = 5", ns=acme.pk
        )

    assert first_fault() == (acme.pk, 5, "sequence 5 is missing")


def test_closing_the_gap_does_not_help(acme: Namespace, attack: Attack) -> None:
    attack("DELETE FROM audit_auditevent WHERE id = EVENT", ns=acme.pk, n=5)
    attack(FIFTH, ns=acme.pk)
    for number in range(6, EVENTS + 1):
        attack(
            "UPDATE audit_auditseal SET sequence = sequence - 1 "
            "WHERE namespace_id = %(ns)s AND sequence = %(n)s",
            ns=acme.pk,
            n=number,
        )

    assert first_fault()[:2] == (acme.pk, 5)


@pytest.mark.parametrize("whole", [False, True])
def test_a_tail_that_was_cut_off_is_seen_by_its_anchor(
    acme: Namespace, attack: Attack, *, whole: bool
) -> None:
    anchored()
    kept = 0 if whole else 6
    cut_after(kept, acme, attack)

    owner, sequence, why = first_fault()
    assert (owner, sequence) == (acme.pk, kept + 1)
    assert f"had got to {EVENTS}" in why
    with pytest.raises(CommandError, match="the trail ends before it"):
        verified()


def test_new_events_after_a_cut_do_not_hide_it(acme: Namespace, attack: Attack) -> None:
    anchored()
    cut_after(6, acme, attack)
    written(acme, 20)

    owner, sequence, why = first_fault()
    assert (owner, sequence) == (acme.pk, EVENTS)
    assert "written anew" in why


def test_events_in_another_order_are_named(acme: Namespace, attack: Attack) -> None:
    for of, to in ((3, -3), (7, 3), (-3, 7)):
        attack(
            "UPDATE audit_auditseal SET sequence = %(to)s "
            "WHERE namespace_id = %(ns)s AND sequence = %(of)s",
            ns=acme.pk,
            of=of,
            to=to,
        )

    assert first_fault()[:2] == (acme.pk, 3)


def test_an_event_put_in_between_is_named(acme: Namespace, attack: Attack) -> None:
    fresh = new_id()
    for number in range(EVENTS, 4, -1):
        attack(
            "UPDATE audit_auditseal SET sequence = sequence + 1 "
            "WHERE namespace_id = %(ns)s AND sequence = %(n)s",
            ns=acme.pk,
            n=number,
        )
    attack(
        "INSERT INTO audit_auditevent SELECT (jsonb_populate_record(one, %(new)s)).* "
        "FROM audit_auditevent one WHERE id = EVENT",
        ns=acme.pk,
        n=4,
        new=Jsonb({"id": str(fresh), "action": "test.forged"}),
    )
    attack(
        "INSERT INTO audit_auditseal SELECT (jsonb_populate_record(one, %(new)s)).* "
        "FROM audit_auditseal one WHERE namespace_id = %(ns)s AND sequence = 4",
        ns=acme.pk,
        new=Jsonb({"id": str(new_id()), "event_id": str(fresh), "sequence": 5}),
    )

    assert first_fault() == (acme.pk, 5, "the event or its seal was changed")


def test_events_of_two_namespaces_that_changed_places_are_named(
    acme: Namespace, attack: Attack
) -> None:
    other = tenancy.a_namespace("other")
    written(other, EVENTS - events(other))
    move = "UPDATE audit_auditseal SET namespace_id = %(to)s, sequence = %(as)s WHERE "
    place = "namespace_id = %(ns)s AND sequence = %(n)s"
    attack(move + place, **{"ns": acme.pk, "n": 4, "to": acme.pk, "as": -4})
    attack(move + place, **{"ns": other.pk, "n": 4, "to": acme.pk, "as": 4})
    attack(move + place, **{"ns": acme.pk, "n": -4, "to": other.pk, "as": 4})
    attack(
        "UPDATE audit_auditevent e SET namespace_id = s.namespace_id FROM audit_auditseal s "
        "WHERE s.event_id = e.id AND e.namespace_id <> s.namespace_id"
    )

    with system_scope("test"):
        broken = chains.verify(now=timezone.now()).broken
    assert {(one.namespace_id, one.sequence) for one in broken} >= {(acme.pk, 4), (other.pk, 4)}


def test_a_chain_written_anew_by_who_has_the_key_is_seen_by_its_anchor(
    acme: Namespace, attack: Attack
) -> None:
    anchored()
    attack("UPDATE audit_auditevent SET action = 'test.forged' WHERE id = EVENT", ns=acme.pk, n=4)
    attack("DELETE FROM audit_auditseal WHERE namespace_id = %(ns)s", ns=acme.pk)
    sealed()  # with the service's own key, in the same order

    owner, sequence, why = first_fault()
    assert (owner, sequence) == (acme.pk, EVENTS)
    assert "written anew" in why


def test_anchors_of_a_mail_count(acme: Namespace, attack: Attack, tmp_path: Path) -> None:
    with system_scope("test"):
        lines = "\n> ".join(str(one) for one in anchors.heads(now=timezone.now()))
    mail = tmp_path / "saved.eml"
    mail.write_text(f"Subject: Where the audit trail has got to\n\n> {lines}\n")
    cut_after(6, acme, attack)

    assert "no link is broken" in verified()
    with pytest.raises(CommandError, match="the trail ends before it"):
        call_command("verify_audit", anchors=[mail])
    with pytest.raises(CommandError, match="No such file"):
        call_command("verify_audit", anchors=[tmp_path / "missing"])


def test_a_line_that_was_cut_off_or_is_junk_is_passed_over(
    acme: Namespace, anchor_file: Path
) -> None:
    anchored()
    whole = anchor_file.read_text()
    junk = f"nonsense\n2026 platform 7 {'0' * 64}\n2026-01-01 {'-' * 36} 7 {'0' * 64}\n"
    anchor_file.write_text(f"{whole}{junk}{whole.splitlines()[-1][:-9]}")

    assert "no link is broken" in verified()
    assert len(anchors.parsed(anchor_file.read_text())) == len(whole.splitlines())


def test_every_hour_what_moved_is_written_down_and_mailed(
    acme: Namespace, anchor_file: Path, settings: Settings
) -> None:
    settings.AUDIT_ANCHORS_EMAIL = "auditor@customer.example"
    run = type("Run", (), {"scope": lambda _self: system_scope("test"), "message_id": acme.pk})()

    tasks.anchor_audit(run)
    once = anchor_file.read_text()
    tasks.anchor_audit(run)

    assert f" {acme.pk} {EVENTS} " in once
    assert anchor_file.read_text() == once
    assert anchor_file.stat().st_mode & 0o077 == 0
    written(acme, 1)
    tasks.anchor_audit(run)
    assert f" {acme.pk} {EVENTS + 1} " in anchor_file.read_text()


def test_a_namespaces_admin_sees_only_its_own_anchors(acme: Namespace) -> None:
    other = tenancy.a_namespace("other")
    sealed()
    anchored()

    with namespace_scope(other.pk):
        assert {one.namespace_id for one in anchors.own()} == {other.pk}


def test_thirty_two_writers_at_once_leave_no_gap(acme: Namespace) -> None:
    """With two sealers beside them; what they left is sealed afterwards."""
    other = tenancy.a_namespace("other")
    sealed()
    before = {one: events(one) for one in (acme, other)}
    is_over = threading.Event()

    def write(number: int) -> None:
        for _ in range(EACH):
            with namespace_scope((acme, other)[number % 2].pk):
                trail.record(actor=actors.system(), action="test.done", now=timezone.now())
        connections.close_all()

    def seal(_number: int) -> None:
        while not is_over.wait(0.01):
            with system_scope("test"):
                chains.seal_pending()
        connections.close_all()

    with ThreadPoolExecutor(2) as sealers, ThreadPoolExecutor(WRITERS) as writers:
        sealing = sealers.map(seal, range(2))
        list(writers.map(write, range(WRITERS)))
        is_over.set()
        list(sealing)
    sealed()

    for namespace, had in before.items():
        with namespace_scope(namespace.pk):
            numbers = AuditSeal.objects.order_by("sequence").values_list("sequence", flat=True)
            assert list(numbers) == list(range(1, had + WRITERS // 2 * EACH + 1))
    assert "no link is broken" in verified()
