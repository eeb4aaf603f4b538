"""Trying a directory out as a sign-in would, stage by stage; nobody is let in.

Tries are counted like sign-ins: a test must not burn somebody's lockout, nor help to guess.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid4

from federation.domain import login_names
from federation.domain.attempts import Attempt
from federation.domain.directories import (
    DirectoryPerson,
    Examination,
    SignInRefused,
    Stage,
    Step,
    granted_roles,
)
from federation.domain.login_names import LoginName
from federation.models import Directory
from federation.ports import Directory as DirectoryPort, SignInThrottle
from federation.services import directories, directory_sign_in_records as records
from federation.services.directories import DirectoryInvalid
from governance.audit import trail
from governance.kernel.actors import Actor
from governance.kernel.personal import Personal
from governance.kernel.refusals import FieldError
from governance.tenancy.models import Role

# A request waits for it: no longer than a person would.
LONGEST_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Tryout:
    """Whom to try, and from where."""

    username: str
    password: Personal[str]
    network: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryTest:
    """The stages of a test and, where the password was right, the roles that would be granted."""

    steps: tuple[Step, ...]
    roles: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return all(step.ok for step in self.steps)


def run(
    *,
    directory: Directory,
    tryout: Tryout,
    port: DirectoryPort,
    throttle: SignInThrottle,
    actor: Actor,
    now: datetime,
) -> DirectoryTest:
    """The test's stages, the roles among them. Raises DirectoryInvalid, SignInsExhausted."""
    name = login_names.parse(tryout.username)
    if name is None:
        detail = "Give the name of a person in this directory."
        raise DirectoryInvalid(errors=[FieldError("/username", "required", detail)])
    found = _examined(directory, tryout, name, port=port, throttle=throttle)
    tested = _with_roles(directory, found)
    failed = [step.name.value for step in tested.steps if not step.ok]
    trail.record(
        actor=actor, action="directory.tested", target=directory, detail={"failed": failed}, now=now
    )
    return tested


def _examined(
    directory: Directory,
    tryout: Tryout,
    name: LoginName,
    *,
    port: DirectoryPort,
    throttle: SignInThrottle,
) -> Examination:
    attempt = _attempt(directory, tryout, name)
    try:
        throttle.admit(attempt=attempt)
    except SignInRefused:
        detail = "This password failed a moment ago and was not sent again."
        return Examination(
            steps=(Step(name=Stage.BIND, ok=False, detail=detail, milliseconds=0.0),)
        )
    settings = directories.settings_of(directory)
    bounded = replace(settings, timeout_seconds=min(settings.timeout_seconds, LONGEST_SECONDS))
    try:
        found = port.examine(settings=bounded, name=name, password=tryout.password)
    except BaseException:
        throttle.abandoned(attempt=attempt)
        raise
    _count(throttle, attempt, found)
    return found


def _count(throttle: SignInThrottle, attempt: Attempt, found: Examination) -> None:
    """A person found is a success; a refused bind a failure; no answer is neither."""
    outcome = {step.name: step.ok for step in found.steps}
    if found.person is not None or outcome.get(Stage.GROUPS) is False:
        throttle.passed(attempt=attempt)
    elif outcome.get(Stage.BIND) is False or outcome.get(Stage.SEARCH) is False:
        throttle.failed(attempt=attempt)
    else:
        throttle.abandoned(attempt=attempt)


def _attempt(directory: Directory, tryout: Tryout, name: LoginName) -> Attempt:
    account = records.fingerprint(directory.pk, name.account.reveal())
    return Attempt(
        account=account,
        password=records.fingerprint(directory.pk, f"{account}\0{tryout.password.reveal()}"),
        network=tryout.network or "admin",
        ticket=uuid4().hex,
    )


def _with_roles(directory: Directory, found: Examination) -> DirectoryTest:
    if found.person is None:
        return DirectoryTest(steps=found.steps, roles=())
    names = _role_names(directory, found.person)
    detail = f"Would be granted: {', '.join(names)}." if names else "No mapping names this person."
    step = Step(name=Stage.ROLES, ok=bool(names), detail=detail, milliseconds=0.0)
    return DirectoryTest(steps=(*found.steps, step), roles=names)


def _role_names(directory: Directory, person: DirectoryPerson) -> tuple[str, ...]:
    mappings = [mapping.rule() for mapping in directory.mappings.order_by("position", "id")]
    wanted = granted_roles(person=person, mappings=mappings)
    rows = Role.objects.filter(pk__in=wanted)
    names: dict[UUID, str] = {role.pk: role.name for role in rows if not role.trust_policy}
    return tuple(names[role_id] for role_id in wanted if role_id in names)
