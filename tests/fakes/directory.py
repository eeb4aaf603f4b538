"""A directory in memory that keeps the contract of the port, and a throttle that counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from federation.domain import login_names
from federation.domain.attempts import Attempt, Budget
from federation.domain.directories import (
    DirectoryMisconfigured,
    DirectoryPerson,
    DirectorySettings,
    DirectoryUnavailable,
    Examination,
    Group,
    Reason,
    SignInRefused,
    SignInsExhausted,
    Stage,
    Step,
    may_enter,
)
from federation.domain.login_names import LoginName
from governance.kernel.personal import Personal
from governance.kernel.refusals import Unavailable


@dataclass(frozen=True, kw_only=True)
class FakePerson:
    name: str
    dn: str
    password: str
    groups: Sequence[str] = ()


@dataclass
class FakeDirectory:
    """People by distinguished name; `parents` says which groups a group is a member of."""

    people: Sequence[FakePerson] = ()
    group_base_dn: str = "ou=groups,dc=acme,dc=test"
    parents: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_up: bool = True
    binds: int = 0

    def authenticate(
        self, *, settings: DirectorySettings, name: LoginName, password: Personal[str]
    ) -> DirectoryPerson:
        if not login_names.is_password(password.reveal()):
            raise SignInRefused(Reason.BLANK)
        if not self.is_up:
            raise DirectoryUnavailable
        self.binds += 1
        person = self._bound(self._found(settings, name.user.reveal()), password.reveal())
        groups = self._groups(person, nested=settings.nested_groups)
        found = DirectoryPerson(
            dn=Personal(person.dn),
            subject=person.dn.casefold(),
            username=Personal(person.name),
            display_name=Personal(person.name.title()),
            email=Personal(""),
            groups=groups,
        )
        if not may_enter(person=found, settings=settings):
            raise SignInRefused(Reason.NOT_ALLOWED)
        return found

    def look_again(self, *, settings: DirectorySettings, name: LoginName) -> DirectoryPerson:
        if not settings.bind_dn:
            raise DirectoryMisconfigured
        known = {person.name: person.password for person in self.people}
        user = name.user.reveal()
        password = known.get(user) or known.get(user.casefold(), "nobody's")
        binds = self.binds
        try:
            return self.authenticate(settings=settings, name=name, password=Personal(password))
        finally:
            self.binds = binds

    def examine(
        self, *, settings: DirectorySettings, name: LoginName, password: Personal[str]
    ) -> Examination:
        steps = [Step(name=stage, ok=True, detail="Fine.", milliseconds=0.1) for stage in Stage]
        steps = steps[:-1]  # the roles are not the directory's to say
        try:
            person = self.authenticate(settings=settings, name=name, password=password)
        except DirectoryUnavailable:
            return Examination(steps=(steps[0], replace(steps[1], ok=False)))
        except SignInRefused as refusal:
            stage = 4 if refusal.reason is Reason.UNKNOWN_USER else 3
            return Examination(steps=(*steps[:stage], replace(steps[stage], ok=False)))
        return Examination(steps=tuple(steps), person=person)

    def _found(self, settings: DirectorySettings, name: str) -> list[FakePerson]:
        return [
            person
            for person in self.people
            if person.name.casefold() == name.casefold() and person.dn.endswith(settings.base_dn)
        ]

    def _bound(self, found: list[FakePerson], password: str) -> FakePerson:
        if len(found) != 1:
            raise SignInRefused(Reason.AMBIGUOUS_USER if found else Reason.UNKNOWN_USER)
        if found[0].password != password:
            raise SignInRefused(Reason.WRONG_PASSWORD)
        return found[0]

    def _groups(self, person: FakePerson, *, nested: bool) -> tuple[Group, ...]:
        names = list(person.groups)
        for name in names if nested else ():
            names += [parent for parent in self.parents.get(name, ()) if parent not in names]
        return tuple(Group(f"cn={name},{self.group_base_dn}", name) for name in names)


@dataclass
class FakeThrottle:
    """Counts like the real one, in this process, without time."""

    budget: Budget
    is_up: bool = True
    failures: dict[str, int] = field(default_factory=dict)
    under_way: set[tuple[str, str]] = field(default_factory=set)
    remembered: set[tuple[str, str]] = field(default_factory=set)

    def admit(self, *, attempt: Attempt) -> None:
        if not self.is_up:
            raise Unavailable
        if (attempt.account, attempt.password) in self.remembered:
            raise SignInRefused(Reason.REPEATED_PASSWORD)
        waiting = sum(account == attempt.account for account, _ in self.under_way)
        if (
            self.failures.get(attempt.account, 0) + waiting >= self.budget.per_account
            or self.failures.get(attempt.network, 0) >= self.budget.per_network
        ):
            raise SignInsExhausted
        self.under_way.add((attempt.account, attempt.ticket))

    def failed(self, *, attempt: Attempt) -> None:
        self.abandoned(attempt=attempt)
        self.remembered.add((attempt.account, attempt.password))
        for key in (attempt.account, attempt.network):
            self.failures[key] = self.failures.get(key, 0) + 1

    def passed(self, *, attempt: Attempt) -> None:
        self.abandoned(attempt=attempt)
        self.failures.pop(attempt.account, None)

    def abandoned(self, *, attempt: Attempt) -> None:
        self.under_way.discard((attempt.account, attempt.ticket))
