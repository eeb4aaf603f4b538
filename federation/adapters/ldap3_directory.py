"""The directory port over LDAP: Active Directory, OpenLDAP, 389 and the like.

One path for signing in and for testing, so that the test proves what a sign-in does. With a
bind account a person is searched first and bound once: N patterns would be N failed binds for
one wrong password, and burn the directory's own lockout N times faster.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from federation.adapters import (
    ldap3_connections as connections,
    ldap3_filters as filters,
    ldap3_sockets as sockets,
)
from federation.adapters.directory_steps import Steps
from federation.adapters.ldap3_connections import BindAnswer, Entry, Line
from federation.adapters.ldap3_groups import groups_of, name_of
from federation.adapters.ldap3_sockets import Deadline, LineBrokenError
from federation.domain import login_names
from federation.domain.directories import (
    DirectoryMisconfigured,
    DirectoryPerson,
    DirectorySettings,
    DirectoryUnavailable,
    Examination,
    Group,
    Reason,
    SignInRefused,
    Stage,
    TLSMode,
    is_disabled,
    may_enter,
    reason_of_diagnostic,
)
from federation.domain.login_names import LoginName
from governance.kernel.personal import Personal

PERSON_ATTRIBUTES = (
    "cn", "displayName", "userPrincipalName", "mail", "entryUUID", "objectGUID",
    "userAccountControl", "primaryGroupID", "objectSid",
)  # fmt: skip
ONE_TOO_MANY = 2
GUID_LENGTH = 16


class LDAP3Directory:
    """Signs people in against the directory that the settings describe. Keeps no state."""

    def authenticate(
        self, *, settings: DirectorySettings, name: LoginName, password: Personal[str]
    ) -> DirectoryPerson:
        """The person whose password this is. Raises what the port says."""
        return _visited(settings=settings, name=name, password=password, steps=Steps())

    def look_again(self, *, settings: DirectorySettings, name: LoginName) -> DirectoryPerson:
        """The person by name alone, as the bind account finds them. Raises what the port says."""
        if not settings.bind_dn:
            raise DirectoryMisconfigured
        return _visited(settings=settings, name=name, password=None, steps=Steps())

    def examine(
        self, *, settings: DirectorySettings, name: LoginName, password: Personal[str]
    ) -> Examination:
        """The same visit, told stage by stage; the refusals become the last step."""
        steps = Steps()
        person = None
        with suppress(SignInRefused, DirectoryUnavailable, DirectoryMisconfigured):
            person = _visited(settings=settings, name=name, password=password, steps=steps)
        return Examination(steps=steps.told(), person=person)


def _visited(
    *, settings: DirectorySettings, name: LoginName, password: Personal[str] | None, steps: Steps
) -> DirectoryPerson:
    """Without a password nobody is signed in: the person is only looked up."""
    if password is not None and not login_names.is_password(password.reveal()):
        steps.failed(Stage.BIND, "A blank password is never sent.")
        raise SignInRefused(Reason.BLANK)
    deadline = Deadline(settings.timeout_seconds)
    visit = _Visit(settings=settings, name=name, password=password or Personal(""), steps=steps)
    try:
        person = visit.look(deadline) if password is None else visit.go(deadline)
    except LineBrokenError as error:
        steps.failed(error.stage, error.detail)
        raise DirectoryUnavailable from error
    if not may_enter(person=person, settings=settings):
        steps.failed(Stage.GROUPS, "The person is not in an allowed group, or not an allowed user.")
        raise SignInRefused(Reason.NOT_ALLOWED)
    return person


class _Visit:
    """One sign-in at one directory, over whichever of its servers answers."""

    def __init__(
        self, *, settings: DirectorySettings, name: LoginName, password: Personal[str], steps: Steps
    ) -> None:
        self.settings = settings
        self.user = name.user.reveal()
        self.domain = name.domain
        self.password = password
        self.steps = steps
        self.bound_as = ""

    def go(self, deadline: Deadline) -> DirectoryPerson:
        if self.settings.bind_dn:
            return self._by_search(deadline)
        return self._by_candidates(deadline)

    def look(self, deadline: Deadline) -> DirectoryPerson:
        with self._line(deadline, first=self._bind_service) as line:
            return self._person(line, self._sole(self._search(line)))

    def _by_search(self, deadline: Deadline) -> DirectoryPerson:
        with self._line(deadline, first=self._bind_service) as line:
            found = self._search(line)
            entry = found[0] if len(found) == 1 else None
            dn = entry.dn if entry else filters.nobody(settings=self.settings)
            with self.steps.timed(Stage.BIND, "The bind account was accepted."):
                answer = line.bind(dn=dn, password=self.password)
            only = self._sole(found)
            self._require_accepted(answer)
            with self.steps.timed(Stage.BIND, "The bind account and the person were accepted."):
                self._bind_service(line)
            return self._person(line, only)

    def _by_candidates(self, deadline: Deadline) -> DirectoryPerson:
        with self._line(deadline, first=self._bind_candidates) as line:
            only = self._sole(self._search(line))
            if not self._is_bound(only):
                self.steps.failed(Stage.SEARCH, "The person found is not the one who was bound.")
                raise SignInRefused(Reason.AMBIGUOUS_USER)
            return self._person(line, only)

    @contextmanager
    def _line(self, deadline: Deadline, *, first: Callable[[Line], None]) -> Iterator[Line]:
        """A line to the first server that answers the first bind as well, in the urls' order."""
        line = self._first_answering(deadline, first)
        try:
            yield line
        finally:
            with suppress(OSError, LineBrokenError):
                line.close()

    def _first_answering(self, deadline: Deadline, first: Callable[[Line], None]) -> Line:
        last = LineBrokenError(Stage.RESOLVE, "No address is configured.")
        urls = self.settings.urls
        for number, url in enumerate(urls):
            try:
                return self._answering(url, deadline, deadline.share(len(urls) - number), first)
            except LineBrokenError as error:
                last = error
        raise last

    def _answering(
        self, url: str, whole: Deadline, part: Deadline, first: Callable[[Line], None]
    ) -> Line:
        steps = self.steps
        _, host, port = sockets.parts(url)
        with steps.timed(Stage.RESOLVE, "The host name is known."):
            addresses = sockets.resolve(host=host, port=port, deadline=part)
        with steps.timed(Stage.TCP, "The server accepts connections."):
            raw = sockets.connect(addresses=addresses, deadline=part)
        wire = sockets.DeadlineSocket(raw, part)
        with steps.timed(Stage.TLS, _tls_sentence(self.settings.tls)):
            wire = self._secured(wire, url=url, host=host)
        try:
            line = Line(wire)
            with steps.timed(Stage.BIND, "The bind was accepted."):
                first(line)
        except BaseException:
            wire.close()
            raise
        # This server answers: what is left of the whole time is its.
        wire.deadline = whole
        return line

    def _secured(
        self, wire: sockets.DeadlineSocket, *, url: str, host: str
    ) -> sockets.DeadlineSocket:
        ca_certificates = self.settings.ca_certificates
        if filters.uses_tls_from_start(url) or self.settings.tls is TLSMode.LDAPS:
            return sockets.secure(wire=wire, host=host, ca_certificates=ca_certificates)
        if self.settings.tls is TLSMode.START_TLS:
            connections.start_tls(wire)
            return sockets.secure(wire=wire, host=host, ca_certificates=ca_certificates)
        return wire

    def _bind_service(self, line: Line) -> None:
        password = self.settings.bind_password or Personal("")
        if not line.bind(dn=self.settings.bind_dn, password=password).accepted:
            self.steps.failed(Stage.BIND, "The bind account was refused.")
            raise DirectoryMisconfigured

    def _bind_candidates(self, line: Line) -> None:
        dns = filters.candidate_dns(settings=self.settings, user=self.user, domain=self.domain)
        answer = BindAnswer(code=connections.INVALID_CREDENTIALS, diagnostic="")
        for dn in dns:
            answer = line.bind(dn=dn, password=self.password)
            if answer.accepted:
                self.bound_as = dn
                return
        self._require_accepted(answer)

    def _require_accepted(self, answer: BindAnswer) -> None:
        if not answer.accepted:
            self.steps.failed(Stage.BIND, "The person's password was refused.")
            raise SignInRefused(reason_of_diagnostic(answer.diagnostic))

    def _search(self, line: Line) -> list[Entry]:
        """People of that name; where somebody was bound by their DN, that entry alone."""
        settings = self.settings
        by_dn = "=" in self.bound_as
        with self.steps.timed(Stage.SEARCH, "Exactly one person was found."):
            found = line.search(
                base=self.bound_as if by_dn else settings.base_dn,
                condition=filters.user_condition(settings=settings, user=self.user),
                attributes=_wanted_attributes(settings),
                limit=ONE_TOO_MANY,
                only_base=by_dn,
            )
        if len(found) != 1:
            few = "Nobody was found." if not found else "More than one person was found."
            self.steps.failed(Stage.SEARCH, few)
        return found

    def _sole(self, found: list[Entry]) -> Entry:
        if len(found) != 1:
            raise SignInRefused(Reason.AMBIGUOUS_USER if found else Reason.UNKNOWN_USER)
        if is_disabled(found[0].first("userAccountControl")):
            self.steps.failed(Stage.SEARCH, "The account is disabled.")
            raise SignInRefused(Reason.ACCOUNT_DISABLED)
        return found[0]

    def _is_bound(self, entry: Entry) -> bool:
        """Whether the entry is whose password was accepted, for binds by `user@domain`."""
        if "=" in self.bound_as:
            return True
        principal = entry.first("userPrincipalName")
        if principal:
            return principal.casefold() == self.bound_as.casefold()
        return entry.first(self.settings.username_attribute).casefold() == self.user.casefold()

    def _person(self, line: Line, entry: Entry) -> DirectoryPerson:
        username = entry.first(self.settings.username_attribute) or self.user
        with self.steps.timed(Stage.GROUPS, "Groups were read."):
            groups = groups_of(line=line, settings=self.settings, entry=entry, user=username)
        self.steps.passed(Stage.GROUPS, _count_of(groups))
        return DirectoryPerson(
            dn=Personal(entry.dn),
            subject=_subject(entry),
            username=Personal(username),
            display_name=Personal(
                entry.first("displayName") or entry.first("cn") or name_of(entry.dn)
            ),
            email=Personal(entry.first("mail")),
            groups=groups,
        )


def _wanted_attributes(settings: DirectorySettings) -> tuple[str, ...]:
    own = (settings.username_attribute, settings.user_membership_key)
    return tuple(dict.fromkeys((*PERSON_ATTRIBUTES, *filter(None, own))))


def _subject(entry: Entry) -> str:
    """What names the person for good, through changes of name and place where it can be had."""
    guid = entry.values.get("objectguid", (b"",))[0]
    if len(guid) == GUID_LENGTH:
        return guid.hex()
    return entry.first("entryUUID").casefold() or entry.dn.casefold()


def _count_of(groups: tuple[Group, ...]) -> str:
    return "One group was found." if len(groups) == 1 else f"{len(groups)} groups were found."


def _tls_sentence(tls: TLSMode) -> str:
    match tls:
        case TLSMode.NONE:
            return "Not asked for: names and passwords travel readable."
        case TLSMode.START_TLS:
            return "StartTLS was agreed on and the certificate is trusted."
        case TLSMode.LDAPS:
            return "The certificate is trusted."
