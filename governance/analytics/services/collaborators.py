"""Engines, guards and sinks, made as settings name them: what stands outside is never imported."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from governance.analytics.domain.engines import (
    EngineKind,
    EngineKindMissing,
    EngineOptions,
    EngineSpec,
)
from governance.analytics.domain.hive_servers import HiveServers
from governance.analytics.models import Engine
from governance.analytics.ports import QueryEngine, QueryGuard, UsageSink
from governance.secrets import sealing
from governance.tenancy.models import Namespace


def engine_of(row: Engine) -> QueryEngine:
    """The engine behind a row. Raises EngineKindMissing where this installation has none."""
    path = settings.ANALYTICS_ENGINES.get(row.kind)
    if path is None:
        raise EngineKindMissing(kind=EngineKind(row.kind).value)
    namespace = Namespace.objects.get(pk=row.namespace_id)
    factory = cast(Callable[[EngineSpec], QueryEngine], import_string(path))
    return factory(
        EngineSpec(
            namespace_id=row.namespace_id,
            namespace_name=namespace.name,
            lake_roots=tuple(Path(root) for root in settings.LAKE_ROOTS),
            scratch=Path(settings.ANALYTICS_RUNNERS_DIR),
            options=EngineOptions.parse(row.options),
            raw_options=row.options,
            credentials=sealing.get(row, "credentials"),
            hive_servers=hive_servers(),
        )
    )


def hive_servers() -> HiveServers:
    """The servers that the operator named."""
    return HiveServers.parse(settings.HIVE_SERVERS)


def guards() -> tuple[QueryGuard, ...]:
    return tuple(import_string(path)() for path in settings.ANALYTICS_QUERY_GUARDS)


def sinks() -> tuple[UsageSink, ...]:
    return tuple(import_string(path)() for path in settings.ANALYTICS_USAGE_SINKS)
