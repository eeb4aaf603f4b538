"""T59: whatever is tried in whatever order, nothing is cut but as two others approved it.

Hypothesis makes up what is tried; a plain model of what was rightly approved is the judge.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import lists, sampled_from

from governance.kernel.refusals import Refusal
from governance.tenancy.models import RoleBinding, User
from governance.tenancy.services import actors
from purge.domain.erasure import State, is_final
from purge.models import ErasureDecision, ErasureRequest
from purge.services import decisions, erasure_requests, housekeeping, rules
from tests.app.purge.conftest import Company
from tests.factories import purge, tenancy

BEFORE = purge.records(5, 7, 6)
ADDRESS = "/api/v1/namespaces/acme/erasure-requests/"
TRIED = (
    "locate",
    "ivan approves",
    *["olga approves", "ahmed approves"] * 3,
    "olga approves an old report",
    "olga rejects",
    "olga loses her role",
    "olga gets her role",
    "the lake changes",
    "somebody writes a state by REST",
    "cancel",
    "retry",
    *["work"] * 3,
    "time passes",
)


class Walk:
    """One erasure that needs two approvals, and who rightly approved which report of it."""

    def __init__(self, company: Company, browser: Client) -> None:
        self.company = company
        self.browser = browser
        self.request = company.ask(people=[{"customer_id": 7}])
        self.file = company.folder / "1.ndjson"
        self.file.write_bytes(BEFORE)
        self.was_allowed = False
        self.approved: dict[str, str] = {}
        self.old_hash = "0" * 64

    def attempt(self, what: str) -> None:
        olga = self.company.olga
        ways: dict[str, Callable[[], object]] = {
            "locate": lambda: self.company.locate(self.request.pk),
            "ivan approves": lambda: self.approve("ivan"),
            "olga approves": lambda: self.approve("olga"),
            "ahmed approves": lambda: self.approve("ahmed"),
            "olga approves an old report": lambda: self.approve("olga", report_hash=self.old_hash),
            "olga rejects": self.reject,
            "olga loses her role": lambda: self.bind(olga, bound=False),
            "olga gets her role": lambda: self.bind(olga, bound=True),
            "the lake changes": self.change_the_lake,
            "somebody writes a state by REST": self.write_a_state,
            "cancel": lambda: self.ask(erasure_requests.cancel),
            "retry": lambda: self.ask(erasure_requests.retry),
            "work": self.work,
            "time passes": lambda: housekeeping.keep_house(now=timezone.now() + timedelta(days=61)),
        }
        with suppress(Refusal):
            ways[what]()

    def ask(self, act: Callable[..., ErasureRequest]) -> None:
        ivan = tenancy.an_actor(self.company.ivan)
        act(request_id=self.request.pk, actor=ivan, now=timezone.now())

    def reject(self) -> None:
        decisions.reject(
            request_id=self.request.pk,
            reason="A duty to keep.",
            actor=tenancy.an_actor(self.company.olga),
            now=timezone.now(),
        )

    def change_the_lake(self) -> None:
        with self.file.open("ab") as writer:
            writer.write(purge.records(9))

    def approve(self, name: str, *, report_hash: str | None = None) -> None:
        user = getattr(self.company, name)
        self.request.refresh_from_db()
        given = self.request.report_hash if report_hash is None else report_hash
        try:
            with transaction.atomic():
                decisions.approve(
                    request_id=self.request.pk,
                    report_hash=given,
                    lake=self.company.lake,
                    actor=actors.for_user(user=user, role=None, authenticated_at=timezone.now()),
                    now=timezone.now(),
                )
        except decisions.LakeChanged:
            decisions.look_again(
                request_id=self.request.pk, actor=tenancy.an_actor(user), now=timezone.now()
            )
        else:
            self.approved[name] = given
            self.old_hash = given

    def bind(self, user: User, *, bound: bool) -> None:
        role = tenancy.the_role("officer")
        if bound:
            RoleBinding.objects.get_or_create(user=user, role=role)
        else:
            RoleBinding.objects.filter(user=user, role=role).delete()

    def write_a_state(self) -> None:
        for method in ("patch", "put", "post"):
            address = ADDRESS if method == "post" else f"{ADDRESS}{self.request.pk}/"
            body = {"state": "approved", "approved_by_id": str(self.company.olga.pk)}
            answer = getattr(self.browser, method)(address, body, content_type="application/json")
            assert answer.status_code in {400, 403, 405}, answer.content

    def work(self) -> None:
        self.request.refresh_from_db()
        if self.request.state == State.APPROVED and self.is_rightly_approved():
            self.was_allowed = True
        self.company.carry_out(self.request)

    def is_rightly_approved(self) -> bool:
        able = set(RoleBinding.objects.values_list("user__username", flat=True))
        given = {
            name
            for name, report_hash in self.approved.items()
            if report_hash == self.request.report_hash and f"{name}-acme" in able
        }
        return given == {"olga", "ahmed"}

    def check(self) -> None:
        self.request.refresh_from_db()
        state = State(self.request.state)
        if not self.was_allowed:
            assert self.file.read_bytes().startswith(BEFORE), self.approved
            assert state not in {State.PURGING, State.VERIFYING, State.COMPLETED}
            assert not self.request.certificates.exists()
        assert is_final(state) == (self.request.subjects == "")
        decided = ErasureDecision.objects.values_list("decided_by_id", flat=True)
        assert self.company.ivan.pk not in set(decided)
        assert self.request.requested_by_id == self.company.ivan.pk


@contextmanager
def undone() -> Iterator[None]:
    """What is written in it is not there afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def two(company: Company) -> Company:
    """Two are wanted, and Ivan, who asks, is an officer too."""
    RoleBinding.objects.create(user=company.ivan, role=tenancy.the_role("officer"))
    rules.change(
        values={"approvals_needed": 2},
        actor=tenancy.an_actor(company.ivan),
        now=timezone.now(),
    )
    return company


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tried=lists(sampled_from(TRIED), min_size=3, max_size=14))
def test_nothing_is_cut_but_by_two_others_on_the_report_in_force(
    two: Company, tried: list[str]
) -> None:
    with undone():
        walk = Walk(two, tenancy.signed_in(two.ivan))
        for what in ["locate", *tried]:
            walk.attempt(what)
            walk.check()


def test_the_straight_way_is_one_of_them(two: Company) -> None:
    walk = Walk(two, tenancy.signed_in(two.ivan))
    for what in ("locate", "ivan approves", "olga approves", "ahmed approves", "work"):
        walk.attempt(what)
        walk.check()

    assert walk.request.state == "completed"
    assert walk.file.read_bytes() == purge.records(5, 7, 6).replace(
        purge.records(5, 7).removeprefix(purge.records(5)), b""
    )


def test_asking_twice_is_two_erasures_with_two_decisions(two: Company) -> None:
    """Fides CVE-2026-42303: a duplicate skipped the checks, and could be approved."""
    (two.folder / "1.ndjson").write_bytes(BEFORE)
    first, second = two.located(), two.located()
    for user in (two.olga, two.ahmed):
        two.approve(first, actor=tenancy.an_actor(user, role="officer"))

    two.carry_out(second)

    assert ErasureRequest.objects.get(pk=second.pk).state == "awaiting_approval"
    assert (two.folder / "1.ndjson").read_bytes() == BEFORE
