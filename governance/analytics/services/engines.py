"""Engines: made, changed, removed, tested by an administrator."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from governance.analytics import selectors
from governance.analytics.domain.engines import (
    EngineKind,
    check_databases,
    check_options,
)
from governance.analytics.domain.hive_options import HiveOptions
from governance.analytics.domain.queries import Pool, QueryState
from governance.analytics.domain.runs import EngineTestStep
from governance.analytics.models import Engine, Query
from governance.analytics.services import collaborators
from governance.audit import trail
from governance.isolation.scopes import current_namespace_id
from governance.kernel.actions import Action
from governance.kernel.actors import Actor
from governance.kernel.permissions import require
from governance.kernel.refusals import Conflict, FieldError, Invalid, Unavailable
from governance.secrets import sealing
from governance.tenancy.models import Namespace

NAME_LENGTH = 64
# Where a password goes, and who could read it on its way.
PLACES_OF_PASSWORD = ("host", "port", "transport", "ca_certificates")
FIELDS = ("name", "kind", "options", "pool", "databases", "enabled")


class EngineNameTaken(Conflict):
    code = "engine_name_taken"
    sentence = "There is already an engine named {name}."


class EngineBusy(Conflict):
    code = "engine_busy"
    sentence = "{count} queries of this engine have not ended. Cancel them or wait."


class EngineInvalid(Invalid):
    code = "engine_invalid"
    sentence = "The engine is not valid."


class EngineTestFailed(Unavailable):
    code = "engine_test_failed"
    sentence = "{step} failed: {detail}"


def create(*, actor: Actor, now: datetime, **values: object) -> Engine:
    """A new engine; `credentials` is sealed. Raises Invalid with pointers, EngineNameTaken."""
    require(actor=actor, action=Action.MANAGE_ENGINES)
    engine = Engine()
    _assign(engine, values)
    if Engine.objects.filter(name=engine.name).exists():
        raise EngineNameTaken(name=engine.name)
    engine.save()
    _seal(engine, values)
    trail.record(actor=actor, action="engine.created", target=engine, now=now)
    return engine


def change(*, engine_id: UUID, values: Mapping[str, object], actor: Actor, now: datetime) -> Engine:
    """Change what `values` names; a missing or None `credentials` stays, at the place it is for."""
    require(actor=actor, action=Action.MANAGE_ENGINES)
    engine = Engine.objects.select_for_update().get(pk=engine_id)
    before = _place_of_password(engine)
    _assign(engine, values)
    if engine.credentials and values.get("credentials") is None:
        _check_place(engine, before=before)
    if Engine.objects.filter(name=engine.name).exclude(pk=engine.pk).exists():
        raise EngineNameTaken(name=engine.name)
    engine.save()
    _seal(engine, values)
    changed = sorted(set(values) & {*FIELDS, "credentials"})
    detail = {"fields": changed}
    trail.record(actor=actor, action="engine.changed", target=engine, detail=detail, now=now)
    return engine


def remove(*, engine_id: UUID, actor: Actor, now: datetime) -> None:
    """Raises EngineBusy while queries of it have not ended. Its history stays."""
    require(actor=actor, action=Action.MANAGE_ENGINES)
    engine = Engine.objects.select_for_update().get(pk=engine_id)
    unfinished = [QueryState.QUEUED.value, QueryState.RUNNING.value]
    count = Query.objects.filter(engine=engine, state__in=unfinished).count()
    if count:
        raise EngineBusy(count=count)
    trail.record(actor=actor, action="engine.removed", target=engine, now=now)
    engine.delete()


def test(*, engine_id: UUID, actor: Actor, now: datetime) -> Sequence[EngineTestStep]:
    """Try the engine step by step: the button, the API and the command share this."""
    require(actor=actor, action=Action.MANAGE_ENGINES)
    engine = Engine.objects.get(pk=engine_id)
    tables = selectors.catalogue_of(engine).tables
    steps = collaborators.engine_of(engine).test(tables=tables)
    detail = {"ok": all(step.ok for step in steps)}
    trail.record(actor=actor, action="engine.tested", target=engine, detail=detail, now=now)
    return steps


def require_working(*, engine_id: UUID, actor: Actor, now: datetime) -> str:
    """As `test`, in one sentence. Raises EngineTestFailed at the first step that failed."""
    steps = test(engine_id=engine_id, actor=actor, now=now)
    for step in steps:
        if not step.ok:
            raise EngineTestFailed(step=step.name, detail=step.detail)
    return " ".join(step.detail for step in steps)


def _assign(engine: Engine, values: Mapping[str, object]) -> None:
    for name in FIELDS:
        if name in values:
            setattr(engine, name, values[name])
    options = engine.options if isinstance(engine.options, dict) else {"options": engine.options}
    kind, errors = EngineKind(engine.kind), []
    check_options(kind=kind, raw=options)
    check_databases(engine.databases)
    if not engine.name or len(engine.name) > NAME_LENGTH:
        detail = "Give the engine a name of at most 64 characters."
        errors.append(FieldError(pointer="/name", code="name_invalid", detail=detail))
    if engine.pool not in {pool.value for pool in Pool}:
        errors.append(FieldError(pointer="/pool", code="pool_unknown", detail="main or burst."))
    if errors:
        raise EngineInvalid(errors=errors)
    match kind:
        case EngineKind.DUCKDB:
            pass
        case EngineKind.HIVESERVER2:
            _check_server(HiveOptions.parse(options))


def _check_server(options: HiveOptions) -> None:
    """Raises HiveServerNotAllowed: at the field, and before anything is connected."""
    namespace = Namespace.objects.get(pk=current_namespace_id())
    collaborators.hive_servers().base_of(options, namespace_name=namespace.name)


def _place_of_password(engine: Engine) -> tuple[object, ...]:
    """Empty where nothing is sent anywhere."""
    match EngineKind(engine.kind):
        case EngineKind.DUCKDB:
            return ()
        case EngineKind.HIVESERVER2:
            options = HiveOptions.parse(engine.options)
            return tuple(getattr(options, name) for name in PLACES_OF_PASSWORD)


def _check_place(engine: Engine, *, before: tuple[object, ...]) -> None:
    """An administrator may not read a password: nor have it sent to a server of their choice."""
    place = _place_of_password(engine)
    if place and place != before:
        detail = "Give the password again: it would be sent to another place or otherwise."
        error = FieldError(pointer="/credentials", code="required", detail=detail)
        raise EngineInvalid(errors=[error])


def _seal(engine: Engine, values: Mapping[str, object]) -> None:
    secret = values.get("credentials")
    if isinstance(secret, str):
        sealing.put(engine, "credentials", secret)
        engine.save(update_fields=["credentials"])
