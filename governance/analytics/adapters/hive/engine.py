"""The HiveServer2 engine: a plan becomes statements for a Spark Thrift Server or Hive.

A session is opened for each query and closed after it. Usage is counted by the size of the tables
(`sizes.py`): it is known and asked about before the first byte is read, and it is what is settled
once the query has begun, however much of it the server then read.
"""

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog

from governance.analytics.adapters import lake_files, scan_estimates
from governance.analytics.adapters.hive import accounts, results, sessions, sizes, trial
from governance.analytics.adapters.hive.accounts import Account
from governance.analytics.adapters.hive.connection import Connection
from governance.analytics.adapters.hive.refusals import (
    HiveConnectionLost,
    HiveReplyTooLarge,
    HiveServerSlow,
    HiveSessionLost,
    HiveStatementFailed,
)
from governance.analytics.adapters.hive.results import ResultTooLargeError
from governance.analytics.adapters.hive.sessions import Session
from governance.analytics.adapters.hive.watch import StoppedError, TimedOutError, Watch
from governance.analytics.adapters.lake_files import Lake
from governance.analytics.domain import hive_places, spark_sql
from governance.analytics.domain.engines import EngineSpec
from governance.analytics.domain.hive_options import HiveOptions, Product, Sizes
from governance.analytics.domain.hive_places import Place
from governance.analytics.domain.plans import QueryPlan, TableSource
from governance.analytics.domain.queries import Estimate
from governance.analytics.domain.runs import (
    SENTENCES,
    EngineTestStep,
    RunEnd,
    RunLimits,
    RunOutcome,
    RunProgress,
)
from governance.kernel.refusals import Refusal

log = structlog.get_logger(__name__)

ESTIMATE_SECONDS = 20
# What no table of a server begins with: names of our views and of each WITH, new for every query.
PREFIX = "lakewarden_{token}_"
LONGEST_ERROR = 1000
UNWRITTEN = "The result could not be written here. Ask an administrator to look at the disk."
# Java's names of what went wrong, before the words.
CLASSES = re.compile(
    r"Error running query: (?:\[[A-Z_.]+\] )?|(?:[a-z]+\.)+[A-Za-z.$]*(?:Exception|Error): "
)
# The server's own time-out is for where nobody is left here to end the query.
GRACE_SECONDS = 5
SETTINGS = {
    # Timestamps as the lake has them, and a second wall before variables of the server.
    Product.SPARK: (
        "SET spark.sql.session.timeZone=UTC",
        "SET spark.sql.variable.substitute=false",
    ),
    Product.HIVE: (
        "SET hive.resultset.use.unique.column.names=false",
        "SET hive.variable.substitute=false",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HiveEngine:
    """`base` is the namespace's folder as the server sees it, `lake_root` as we do."""

    namespace_id: UUID
    account: Account
    base: str
    lake_root: Path
    scratch: Path

    @property
    def options(self) -> HiveOptions:
        return self.account.options

    def estimate(self, *, plan: QueryPlan) -> Estimate:
        if not plan.tables:
            return Estimate(bytes_scanned=0)
        if self.options.sizes is Sizes.LAKE:
            return self._estimate_of_lake(plan)
        watch = Watch(seconds=ESTIMATE_SECONDS, go_on=lambda _: True)
        try:
            with self._session(watch) as session:
                scanned = self._scanned(plan, self._set_up(session, plan, _prefix()), session)
        except TimedOutError as error:
            raise HiveServerSlow(seconds=ESTIMATE_SECONDS) from error
        names = tuple(table.qualified_name for table in plan.tables)
        return Estimate(bytes_scanned=scanned, tables=names)

    def run(
        self,
        *,
        plan: QueryPlan,
        limits: RunLimits,
        result: Path,
        go_on: Callable[[RunProgress], bool],
    ) -> RunOutcome:
        watch = Watch(seconds=limits.seconds, go_on=go_on)
        prefix = _prefix()
        try:
            return self._ran(plan, limits, result, watch, prefix)
        except HiveStatementFailed as failed:
            end, error = RunEnd.FAILED, self._readable(str(failed), plan, prefix)
        except EXPECTED as expected:
            end, error = _ending(expected)
        if end in SENTENCES:
            error = SENTENCES[end].format(seconds=limits.seconds, error=error)
        return RunOutcome(
            end=end,
            error=error,
            bytes_scanned=watch.bytes_scanned,
            run_milliseconds=watch.milliseconds,
        )

    def test(self, *, tables: Sequence[TableSource] = ()) -> Sequence[EngineTestStep]:
        """Address, connection, TLS, sign-in, a first query, then each table."""
        plan = QueryPlan(namespace_id=self.namespace_id, role_id=None, sql="", tables=tuple(tables))
        return trial.steps(account=self.account, size_of=self._size_of(plan), tables=tables)

    def _ran(
        self, plan: QueryPlan, limits: RunLimits, result: Path, watch: Watch, prefix: str
    ) -> RunOutcome:
        if plan.answer is not None:
            written = results.of_answer(plan.answer, result=result, scratch=self.scratch)
            return results.outcome(written, watch)
        watch.ask()
        with self._session(watch) as session:
            places = self._set_up(session, plan, prefix)
            sql = spark_sql.placed(
                sql=plan.sql,
                relations={place.table.qualified_name: place.relation for place in places},
                product=self.options.product,
                prefix=prefix,
                most_rows=limits.result_rows + 1,
            )
            scanned = self._scanned(plan, places, session)
            if limits.scan_bytes is not None and scanned > limits.scan_bytes:
                raise sizes.TablesHaveGrown
            watch.ask(bytes_scanned=scanned)
            watch.bytes_scanned = scanned
            with session.running(sql, seconds=watch.seconds_left + GRACE_SECONDS) as operation:
                written = results.of_operation(
                    session=session,
                    operation=operation,
                    limits=limits,
                    result=result,
                    scratch=self.scratch,
                    watch=watch,
                )
        return results.outcome(written, watch)

    @contextmanager
    def _session(self, watch: Watch) -> Iterator[Session]:
        connection = accounts.connected(self.account)
        connection.deadline = watch.started + watch.seconds + 1
        connection.while_waiting = watch.look
        try:
            with sessions.opened(connection, again=self._again) as session:
                yield session
        finally:
            connection.close()

    def _again(self) -> Connection:
        """Another connection, to cancel what the first one is still waiting for."""
        return accounts.connected(self.account)

    def _set_up(self, session: Session, plan: QueryPlan, prefix: str) -> list[Place]:
        places = [
            hive_places.place_of(
                table=table,
                options=self.options,
                base=self.base,
                prefixes=plan.storage_prefixes,
                name=f"{prefix}{number}",
            )
            for number, table in enumerate(plan.tables)
        ]
        for statement in SETTINGS[self.options.product]:
            session.set(statement)
        for place in places:
            for statement in place.setup:
                session.run(statement)
        return places

    def _scanned(self, plan: QueryPlan, places: Sequence[Place], session: Session) -> int:
        """The size of each table, as often as it is named."""
        if self.options.sizes is Sizes.LAKE:
            return self._estimate_of_lake(plan).bytes_scanned
        reads = dict(plan.reads)
        return sum(
            self._size(session, place) * reads.get(place.table.qualified_name, 1)
            for place in places
        )

    def _size(self, session: Session, place: Place) -> int:
        product = self.options.product
        rows = session.run(sizes.question(place.relation, product=product))
        return sizes.size_in(rows, product=product, table=place.table.qualified_name)

    def _size_of(self, plan: QueryPlan) -> Callable[[Session, TableSource], int]:
        """For the trial: the size of one table, found as a query would find it."""

        def size(session: Session, table: TableSource) -> int:
            one = QueryPlan(namespace_id=plan.namespace_id, role_id=None, sql="", tables=(table,))
            return self._scanned(one, self._set_up(session, one, _prefix()), session)

        return size

    def _estimate_of_lake(self, plan: QueryPlan) -> Estimate:
        lake = Lake(root=self.lake_root, prefixes=plan.storage_prefixes)
        listed = [(table, lake.files(location=table.location)) for table in plan.tables]
        return scan_estimates.estimate(plan=plan, listed=listed)

    def _readable(self, error: str, plan: QueryPlan, prefix: str) -> str:
        """The server's words, without its classes, our names of things, and where the lake is."""
        text = CLASSES.sub("", error).split("\n", 1)[0]
        for number, table in enumerate(plan.tables):
            text = text.replace(f"{prefix}{number}", table.qualified_name)
        text = text.replace(prefix, "")
        for folder in (self.base, self.base.replace(":///", ":/")):
            text = text.replace(folder, "") if folder else text
        return text[:LONGEST_ERROR].strip()


EXPECTED = (StoppedError, TimedOutError, ResultTooLargeError, Refusal, OSError)


def _ending(expected: Exception) -> tuple[RunEnd, str]:
    """How a run ended that did not come to its rows."""
    end, error = RunEnd.FAILED, str(expected)
    match expected:
        case StoppedError():
            end = RunEnd.STOPPED
        case TimedOutError():
            end = RunEnd.TIMED_OUT
        case ResultTooLargeError() | HiveReplyTooLarge():
            end = RunEnd.RESULT_TOO_LARGE
        case HiveConnectionLost() | HiveSessionLost():
            end = RunEnd.CRASHED
        case OSError():
            log.error("a result could not be written", why=type(expected).__name__)
            error = UNWRITTEN
        case _:
            pass
    return end, error


def _prefix() -> str:
    return PREFIX.format(token=secrets.token_hex(6))


def build(spec: EngineSpec) -> HiveEngine:
    """The factory that settings name. Raises HiveServerNotAllowed, LocationOutside."""
    options = HiveOptions.parse(spec.raw_options)
    return HiveEngine(
        namespace_id=spec.namespace_id,
        scratch=spec.scratch.absolute(),
        account=Account(
            options=options,
            password=spec.credentials,
            is_named=spec.hive_servers.find(options) is not None,
        ),
        base=spec.hive_servers.base_of(options, namespace_name=spec.namespace_name),
        lake_root=lake_files.folder_of(roots=spec.lake_roots, namespace_name=spec.namespace_name),
    )
