"""The gateway's backend over federation's directories and `governance.analytics`.

Every method opens short scopes of its own in the calling thread. Whether a person may still act
is asked again with every statement: a session does not outlive its grant.
"""

import functools
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ParamSpec, TypeVar
from uuid import UUID

import pyarrow as pa
from django.db import close_old_connections, connections
from django.db.models import QuerySet
from django.utils import timezone

from federation import models
from federation.domain import attempts
from federation.domain.directories import (
    DirectoryMisconfigured,
    DirectoryUnavailable,
    Reason,
    SignInRefused,
)
from federation.gateway.backends import (
    Principal,
    Progress,
    Statement,
    TableDescription,
    Visitor,
)
from federation.ports import Directory, SignInThrottle
from federation.selectors import provisioning
from federation.services import directory_sign_ins
from federation.services.directory_sign_ins import Claim, Wish
from federation.services.directory_standing import Presence, is_standing
from governance.analytics import selectors
from governance.analytics.domain.queries import QueryState
from governance.analytics.models import Query
from governance.analytics.services import queries, results
from governance.hive.vocabulary import OperationState
from governance.isolation.scopes import namespace_scope
from governance.kernel.actors import Actor, ActorKind
from governance.kernel.personal import Personal
from governance.kernel.refusals import NotFound
from governance.tenancy.models import NamespaceStatus, RoleBinding
from governance.tenancy.services import actors

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

STATES = {
    QueryState.QUEUED: OperationState.PENDING,
    QueryState.RUNNING: OperationState.RUNNING,
    QueryState.SUCCEEDED: OperationState.FINISHED,
    QueryState.FAILED: OperationState.ERROR,
    QueryState.ABORTED: OperationState.ERROR,
    QueryState.CANCELLED: OperationState.CANCELED,
}


class HiveQueryUnknown(NotFound):
    code = "hive_query_unknown"
    sentence = "There is no such query in this session any more."


def in_thread(method: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """A pool's thread lives long: connections that went bad are dropped before and after use."""

    @functools.wraps(method)
    def run(*arguments: Arguments.args, **named: Arguments.kwargs) -> Result:
        close_old_connections()
        try:
            return method(*arguments, **named)
        finally:
            close_old_connections()

    return run


class AnalyticsBackend:
    """See `backends.Backend`."""

    def __init__(self, *, directory: Directory, throttle: SignInThrottle) -> None:
        self._directory = directory
        self._throttle = throttle

    @in_thread
    def can_sign_in(self, *, username: Personal[str]) -> bool:
        return "@" in username.reveal() or "\\" in username.reveal() or self._is_clear(username)

    @in_thread
    def sign_in(
        self, *, username: Personal[str], password: Personal[str], namespace: str, address: str
    ) -> Visitor:
        claim = Claim(
            username=username,
            password=password,
            network=attempts.network_of(address),
            namespace=namespace,
        )
        admitted = directory_sign_ins.authenticate(
            claim=claim, directory=self._directory, throttle=self._throttle, now=timezone.now()
        )
        return Visitor(namespace_id=admitted.namespace_id, admitted=admitted)

    @in_thread
    def enter(self, *, visitor: Visitor, configuration: Mapping[str, str]) -> Principal:
        wish = Wish(role=configuration.get("role", ""), prefix=configuration.get("prefix", ""))
        admitted: directory_sign_ins.Admitted = visitor.admitted
        entered = directory_sign_ins.enter(admitted=admitted, wish=wish, now=timezone.now())
        return Principal(
            namespace_id=admitted.namespace_id,
            user_id=entered.user.pk,
            role_id=entered.role.pk,
            username=entered.user.username,
            role_name=entered.role.name,
            network=admitted.network,
            session_seconds=entered.role.max_session_seconds,
            directory_id=admitted.directory_id,
            subject=admitted.person.subject,
            prefix=wish.prefix,
        )

    @in_thread
    def submit(self, *, principal: Principal, statement: Statement) -> UUID:
        with _acting(principal) as actor:
            query = queries.submit(
                sql=statement.sql,
                actor=actor,
                now=timezone.now(),
                database=statement.database,
            )
            return query.pk

    @in_thread
    def progress(self, *, principal: Principal, query_id: UUID) -> Progress:
        with namespace_scope(principal.namespace_id):
            query = _query(principal, query_id)
        return Progress(
            state=STATES[QueryState(query.state)],
            message=query.error or "The query was cancelled.",
            log=_log(query),
        )

    @in_thread
    def schema(self, *, principal: Principal, query_id: UUID) -> pa.Schema:
        with _result(principal, query_id) as reader:
            return reader.schema

    @in_thread
    def page(self, *, principal: Principal, query_id: UUID, offset: int, limit: int) -> pa.Table:
        with _result(principal, query_id) as reader:
            batches = list(_slices(reader, offset=offset, limit=limit))
            return pa.Table.from_batches(batches, schema=reader.schema)

    @in_thread
    def cancel(self, *, principal: Principal, query_id: UUID) -> None:
        with namespace_scope(principal.namespace_id):
            if queries.is_final(_query(principal, query_id)):
                return
            actor = Actor(
                kind=ActorKind.PERSON,
                namespace_id=principal.namespace_id,
                user_id=principal.user_id,
                role_id=principal.role_id,
                role_name=principal.role_name,
                network=principal.network,
            )
            queries.cancel(query_id=query_id, actor=actor, now=timezone.now())

    @in_thread
    def tables(self, *, principal: Principal) -> Sequence[TableDescription]:
        with _acting(principal):
            catalogue = selectors.catalogue_of(selectors.default_engine())
        tables = [
            TableDescription(database=table.database, name=table.name, columns=table.columns)
            for table in catalogue.tables
        ]
        views = [
            TableDescription(database=view.database, name=view.name, kind="VIEW")
            for view in catalogue.views
        ]
        return [*tables, *views]

    @in_thread
    def lapsed(self, *, principals: Collection[Principal]) -> frozenset[Principal]:
        gone: set[Principal] = set()
        for namespace_id in {principal.namespace_id for principal in principals}:
            there = [each for each in principals if each.namespace_id == namespace_id]
            with namespace_scope(namespace_id):
                rows = _bindings().filter(user_id__in=[each.user_id for each in there])
                bound = set(rows.values_list("user_id", "role_id", "user__username"))
                names = {username for _, _, username in bound}
                shut = provisioning.shut_out(logins=names)
                open_doors = _open_directories()
            held = {(user, role) for user, role, username in bound if username not in shut}
            gone.update(
                each
                for each in there
                if (each.user_id, each.role_id) not in held or each.directory_id not in open_doors
            )
        return frozenset(gone)

    @in_thread
    def left(self, *, principals: Collection[Principal]) -> frozenset[Principal]:
        gone, silent = set[Principal](), set[UUID]()
        for each in principals:
            if each.directory_id is None or each.directory_id in silent:
                continue
            presence = Presence(
                namespace_id=each.namespace_id,
                directory_id=each.directory_id,
                login=each.username,
                subject=each.subject,
                role_id=each.role_id,
                prefix=each.prefix,
            )
            try:
                if not is_standing(presence=presence, directory=self._directory):
                    gone.add(each)
            except (DirectoryUnavailable, DirectoryMisconfigured):
                # It says nothing about anybody: who is here stays, and nobody waits for it twice.
                silent.add(each.directory_id)
        return frozenset(gone)

    def release(self) -> None:
        connections.close_all()

    @staticmethod
    def _is_clear(username: Personal[str]) -> bool:
        return directory_sign_ins.namespace_of(username) is not None


@contextmanager
def _acting(principal: Principal) -> Iterator[Actor]:
    """The person in their role, as both are now, in the namespace's scope."""
    with namespace_scope(principal.namespace_id):
        bindings = _bindings().filter(user_id=principal.user_id, role_id=principal.role_id)
        binding = bindings.select_related("user", "role").first()
        if binding is None:
            raise SignInRefused(Reason.ROLE_NOT_GRANTED)
        if principal.directory_id not in _open_directories():
            raise SignInRefused(Reason.UNKNOWN_DIRECTORY)
        if provisioning.is_shut_out(login=binding.user.username):
            raise SignInRefused(Reason.USER_INACTIVE)
        yield actors.for_user(user=binding.user, role=binding.role, network=principal.network)


def _bindings() -> QuerySet[RoleBinding]:
    """The roles of people who may act, in the open scope."""
    return RoleBinding.objects.filter(
        user__is_active=True, namespace__status=NamespaceStatus.CREATED
    )


def _open_directories() -> frozenset[UUID]:
    rows = models.Directory.objects.filter(enabled=True)
    return frozenset(rows.values_list("pk", flat=True))


@contextmanager
def _result(principal: Principal, query_id: UUID) -> Iterator[pa.RecordBatchFileReader]:
    with _acting(principal):
        path = results.file_of(_query(principal, query_id))
    with pa.memory_map(str(path)) as source, pa.ipc.open_file(source) as reader:
        yield reader


def _slices(
    reader: pa.RecordBatchFileReader, *, offset: int, limit: int
) -> Iterator[pa.RecordBatch]:
    """The rows from `offset` on; batches before it are passed over, not read."""
    for number in range(reader.num_record_batches):
        batch = reader.get_batch(number)
        if offset >= batch.num_rows:
            offset -= batch.num_rows
            continue
        part = batch.slice(offset, limit)
        yield part
        offset, limit = 0, limit - part.num_rows
        if limit <= 0:
            return


def _query(principal: Principal, query_id: UUID) -> Query:
    found = Query.objects.filter(pk=query_id, user_id=principal.user_id).first()
    if found is None:
        raise HiveQueryUnknown
    return found


def _log(query: Query) -> tuple[str, ...]:
    lines = [f"Query {query.pk} in the {query.pool} pool.", *query.notes]
    if queries.is_final(query):
        lines.append(f"It {query.state}, having read {query.bytes_scanned} bytes.")
    return tuple(lines)
