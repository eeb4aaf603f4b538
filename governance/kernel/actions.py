"""Everything that can be permitted, as a closed set. A policy names these as `lakewarden:…`."""

from enum import StrEnum


class Area(StrEnum):
    """The areas that token scopes are cut by (`<area>:read`, `<area>:write`)."""

    TENANCY = "tenancy"
    FEDERATION = "federation"
    ANALYTICS = "analytics"
    USAGE = "usage"
    PURGE = "purge"
    AUDIT = "audit"


class Action(StrEnum):
    """One thing that an actor may be permitted to do."""

    OPEN_ADMIN = "lakewarden:OpenAdmin"
    READ_NAMESPACES = "lakewarden:ReadNamespaces"
    MANAGE_NAMESPACES = "lakewarden:ManageNamespaces"
    READ_USERS = "lakewarden:ReadUsers"
    MANAGE_USERS = "lakewarden:ManageUsers"
    READ_ROLES = "lakewarden:ReadRoles"
    MANAGE_ROLES = "lakewarden:ManageRoles"
    READ_TOKENS = "lakewarden:ReadTokens"
    MANAGE_TOKENS = "lakewarden:ManageTokens"
    READ_JOBS = "lakewarden:ReadJobs"
    REDELIVER_MESSAGES = "lakewarden:RedeliverMessages"

    READ_FEDERATION = "lakewarden:ReadFederation"
    MANAGE_IDENTITY_PROVIDERS = "lakewarden:ManageIdentityProviders"
    MANAGE_DIRECTORIES = "lakewarden:ManageDirectories"

    READ_ENGINES = "lakewarden:ReadEngines"
    MANAGE_ENGINES = "lakewarden:ManageEngines"
    RUN_QUERY = "lakewarden:RunQuery"
    READ_ALL_QUERIES = "lakewarden:ReadAllQueries"
    READ_DASHBOARDS = "lakewarden:ReadDashboards"
    MANAGE_DASHBOARDS = "lakewarden:ManageDashboards"

    READ_USAGE = "lakewarden:ReadUsage"
    MANAGE_USAGE_LIMITS = "lakewarden:ManageUsageLimits"
    RECORD_USAGE = "lakewarden:RecordUsage"
    MANAGE_ALERT_CHANNELS = "lakewarden:ManageAlertChannels"

    READ_ERASURE = "lakewarden:ReadErasure"
    REQUEST_ERASURE = "lakewarden:RequestErasure"
    APPROVE_ERASURE = "lakewarden:ApproveErasure"
    MANAGE_DATA_MAP = "lakewarden:ManageDataMap"
    REPORT_OBJECT_EVENTS = "lakewarden:ReportObjectEvents"
    MANAGE_LEGAL_HOLDS = "lakewarden:ManageLegalHolds"

    READ_AUDIT = "lakewarden:ReadAudit"


AREAS: dict[Area, tuple[Action, ...]] = {
    Area.TENANCY: (
        Action.READ_NAMESPACES,
        Action.MANAGE_NAMESPACES,
        Action.READ_USERS,
        Action.MANAGE_USERS,
        Action.READ_ROLES,
        Action.MANAGE_ROLES,
        Action.READ_TOKENS,
        Action.MANAGE_TOKENS,
        Action.READ_JOBS,
        Action.REDELIVER_MESSAGES,
    ),
    Area.FEDERATION: (
        Action.READ_FEDERATION,
        Action.MANAGE_IDENTITY_PROVIDERS,
        Action.MANAGE_DIRECTORIES,
    ),
    Area.ANALYTICS: (
        Action.READ_ENGINES,
        Action.MANAGE_ENGINES,
        Action.RUN_QUERY,
        Action.READ_ALL_QUERIES,
        Action.READ_DASHBOARDS,
        Action.MANAGE_DASHBOARDS,
    ),
    Area.USAGE: (
        Action.READ_USAGE,
        Action.MANAGE_USAGE_LIMITS,
        Action.RECORD_USAGE,
        Action.MANAGE_ALERT_CHANNELS,
    ),
    # ApproveErasure is left out on purpose: a person's session alone carries it, never a token.
    Area.PURGE: (
        Action.READ_ERASURE,
        Action.REQUEST_ERASURE,
        Action.MANAGE_DATA_MAP,
        Action.REPORT_OBJECT_EVENTS,
        Action.MANAGE_LEGAL_HOLDS,
    ),
    Area.AUDIT: (Action.READ_AUDIT,),
}

READS = frozenset(action for action in Action if action.value.startswith("lakewarden:Read"))


def scope_actions(scope: str) -> frozenset[Action]:
    """What a token's scope `<area>:read` or `<area>:write` grants. Writing includes reading.

    Raises ValueError for a scope that is not one of these.
    """
    area_name, _, mode = scope.partition(":")
    area = frozenset(AREAS[Area(area_name)])
    match mode:
        case "read":
            return area & READS
        case "write":
            return area
        case _:
            message = f"{scope!r} is not a scope: write <area>:read or <area>:write."
            raise ValueError(message)
