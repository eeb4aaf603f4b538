"""A namespace with a small lake, the cast, and a way to run what was left to the worker."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from governance.kernel.actors import Actor
from governance.tenancy.models import Namespace, User
from purge.models import Dataset, ErasureRequest, LegalHold
from purge.ports import Lake
from purge.services import decisions, erasure_requests, erasures, holds, locating
from purge.services.erasure_requests import Wish
from tests.factories import purge, tenancy


@dataclass
class Company:
    """One tenant: Ivan asks, Olga and Ahmed decide, customer 7 is Dora.

    `lake` is the real one; a test may put another behind the ports.
    """

    namespace: Namespace
    ivan: User
    olga: User
    ahmed: User
    dataset: Dataset
    folder: Path
    lake: Lake = field(default_factory=purge.a_lake)

    def ask(self, **changes: object) -> ErasureRequest:
        by = {"actor": tenancy.an_actor(self.ivan), "now": timezone.now()}
        by |= {name: changes.pop(name) for name in by if name in changes}
        wish: dict[str, object] = {"people": [{"customer_id": 7}], "reason": "Asked by letter"}
        return erasure_requests.ask(wish=Wish(**(wish | changes)), **by)  # type: ignore[arg-type]

    def located(self, **changes: object) -> ErasureRequest:
        request = self.ask(**changes)
        self.locate(request.pk)
        request.refresh_from_db()
        return request

    def approve(self, request: ErasureRequest, *, actor: Actor | None = None) -> ErasureRequest:
        return decisions.approve(
            request_id=request.pk,
            report_hash=request.report_hash,
            lake=self.lake,
            actor=actor or tenancy.an_actor(self.olga, role="officer"),
            now=timezone.now(),
        )

    def approved(self, **changes: object) -> ErasureRequest:
        return self.approve(self.located(**changes))

    def locate(self, request_id: UUID) -> None:
        locating.locate(
            request_id=request_id,
            work=purge.DirectWork(self.namespace.pk),
            lake=self.lake,
            clock=timezone.now,
        )

    def carry_out(self, request: ErasureRequest) -> None:
        erasures.erase(
            request_id=request.pk,
            work=purge.DirectWork(self.namespace.pk),
            lake=self.lake,
            clock=timezone.now,
        )

    def retry(self, request: ErasureRequest) -> ErasureRequest:
        erasure_requests.retry(
            request_id=request.pk, actor=tenancy.an_actor(self.ivan), now=timezone.now()
        )
        return self.erase(request)

    def hold(self, **changes: object) -> LegalHold:
        """Until tomorrow, on customer 7 where nothing else is said."""
        values: dict[str, object] = {
            "subject": {"customer_id": 7},
            "reason": "A court asked for it.",
            "until": timezone.now() + timedelta(days=1),
            "actor": tenancy.an_actor(self.olga),
            "now": timezone.now(),
        }
        return holds.place(**(values | changes))  # type: ignore[arg-type]

    def lift(self, hold: LegalHold, *, actor: Actor | None = None) -> None:
        holds.lift(
            hold_id=hold.pk,
            reason="The court is done.",
            actor=actor or tenancy.an_actor(self.olga),
            now=timezone.now(),
        )

    def erase(self, request: ErasureRequest) -> ErasureRequest:
        self.carry_out(request)
        request.refresh_from_db()
        return request


@pytest.fixture
def clean_lake() -> Iterator[None]:
    """Tests of other areas leave their lake behind: it is emptied before and after."""
    _empty()
    yield
    _empty()


def _empty() -> None:
    for root in settings.LAKE_ROOTS:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def make_company(db: None, clean_lake: None) -> Callable[[str], Company]:
    def made(name: str) -> Company:
        namespace = tenancy.a_namespace(name)
        folder = purge.a_folder(namespace)
        with namespace_scope(namespace.pk):
            return Company(
                namespace=namespace,
                ivan=tenancy.a_user(f"ivan-{name}", roles=["admin"]),
                olga=tenancy.a_user(f"olga-{name}", roles=["officer"]),
                ahmed=tenancy.a_user(f"ahmed-{name}", roles=["officer"]),
                dataset=purge.a_dataset(),
                folder=folder,
            )

    return made


@pytest.fixture
def company(make_company: Callable[[str], Company]) -> Iterator[Company]:
    """Acme, with its scope open."""
    made = make_company("acme")
    with namespace_scope(made.namespace.pk):
        yield made


@pytest.fixture
def acme(make_company: Callable[[str], Company]) -> Company:
    """A company with no scope open: each thread and each request opens its own."""
    return make_company("acme")


@pytest.fixture
def request_(acme: Company) -> ErasureRequest:
    """Acme's, located, with a report that waits for a decision."""
    (acme.folder / "1.ndjson").write_bytes(purge.records(5, 7, 6))
    with namespace_scope(acme.namespace.pk):
        return acme.located()
