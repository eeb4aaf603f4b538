"""Engines: their kinds, what may be set on them, and what a factory is given to make one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from governance.analytics.domain import hive_options
from governance.analytics.domain.engine_refusals import EngineOptionsInvalid
from governance.analytics.domain.hive_options import HiveOptions
from governance.analytics.domain.hive_servers import HiveServers
from governance.analytics.domain.plans import SQLTarget
from governance.analytics.domain.runs import RunLimits
from governance.kernel.personal import Personal
from governance.kernel.refusals import FieldError, Invalid

MEBIBYTE = 2**20
DATABASE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,127}", re.ASCII)


class EngineKind(StrEnum):
    DUCKDB = "duckdb"
    HIVESERVER2 = "hiveserver2"

    @property
    def target(self) -> SQLTarget:
        """Which SQL its engines run."""
        match self:
            case EngineKind.DUCKDB:
                return SQLTarget.DUCKDB
            case EngineKind.HIVESERVER2:
                return SQLTarget.SPARK


class EngineKindMissing(Invalid):
    code = "engine_kind_missing"
    sentence = "This installation has no adapter for engines of the kind {kind}."


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """What one query may take on this engine, and how many run at once (`slots`)."""

    memory_megabytes: int = 512
    threads: int = 2
    timeout_seconds: int = 300
    slots: int = 2
    max_result_rows: int = 1_000_000
    max_result_megabytes: int = 256

    @classmethod
    def parse(cls, raw: Mapping[str, object]) -> "EngineOptions":
        """From JSON. Raises EngineOptionsInvalid with a pointer to each wrong option.

        Those of a Hive server are passed over: `HiveOptions` reads them.
        """
        own = {name: value for name, value in raw.items() if name not in hive_options.NAMES}
        errors = [error for name, value in own.items() if (error := _wrong(name, value))]
        if errors:
            raise EngineOptionsInvalid(errors=errors)
        return cls(**{name: int(str(value)) for name, value in own.items()})

    def limits(self) -> RunLimits:
        return RunLimits(
            memory_bytes=self.memory_megabytes * MEBIBYTE,
            threads=self.threads,
            seconds=self.timeout_seconds,
            result_bytes=self.max_result_megabytes * MEBIBYTE,
            result_rows=self.max_result_rows,
        )


RANGES = {
    "memory_megabytes": (64, 1_048_576),
    "threads": (1, 256),
    "timeout_seconds": (1, 86_399),
    "slots": (1, 50),
    "max_result_rows": (1, 100_000_000),
    "max_result_megabytes": (1, 65_536),
}


def _wrong(name: str, value: object) -> FieldError | None:
    pointer = f"/options/{name}"
    if name not in {option.name for option in fields(EngineOptions)}:
        detail = f"There is no option {name}. There are: {', '.join(RANGES)}."
        return FieldError(pointer=pointer, code="unknown_option", detail=detail)
    least, most = RANGES[name]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        detail = f"{name} is a whole number from {least} to {most}."
        return FieldError(pointer=pointer, code="out_of_range", detail=detail)
    return None


# A server on a cluster has its own memory and threads: what it may take is set there.
OF_THIS_MACHINE = frozenset({"memory_megabytes", "threads"})


def check_options(*, kind: EngineKind, raw: Mapping[str, object]) -> None:
    """Whether an engine of the kind can have these options. Raises EngineOptionsInvalid."""
    EngineOptions.parse(raw)
    foreign = frozenset[str]()
    match kind:
        case EngineKind.DUCKDB:
            foreign = hive_options.NAMES & set(raw)
        case EngineKind.HIVESERVER2:
            foreign = OF_THIS_MACHINE & set(raw)
            HiveOptions.parse(raw)
    if foreign:
        detail = f"Engines of the kind {kind} do not have this option."
        raise EngineOptionsInvalid(
            errors=[
                FieldError(pointer=f"/options/{name}", code="unknown_option", detail=detail)
                for name in sorted(foreign)
            ]
        )


def check_databases(databases: object) -> list[str]:
    """Names of databases: lower case, as Hive keeps them. Raises EngineOptionsInvalid."""
    names = databases if isinstance(databases, list) else []
    good = [name for name in names if isinstance(name, str) and DATABASE_NAME.fullmatch(name)]
    if not good or len(good) != len(names) or len(set(good)) != len(good):
        detail = "Give a list of different names of lower-case letters, digits and underscores."
        error = FieldError(pointer="/databases", code="databases_invalid", detail=detail)
        raise EngineOptionsInvalid(errors=[error])
    return good


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec:
    """What a factory needs to make an engine work for one namespace."""

    namespace_id: UUID
    namespace_name: str
    lake_roots: tuple[Path, ...]
    scratch: Path
    options: EngineOptions
    raw_options: Mapping[str, object] = field(default_factory=dict)
    credentials: Personal[str] | None = None
    hive_servers: HiveServers = field(default_factory=HiveServers)
