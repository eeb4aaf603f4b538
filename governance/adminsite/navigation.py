"""UNFOLD's settings: the sidebar grouped by what a person does, each item shown by policy.

Read by settings.py before the apps are loaded, so it names pages by their URL's name. An app
that adds an admin page adds its item here; a page whose app is not there yet is left out.
"""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Model
from django.db.models.options import Options
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse

from governance.kernel.actions import Action
from governance.kernel.permissions import allows


@dataclass(frozen=True, slots=True)
class Page:
    """`model` is `<app label>_<model>`, as Django names the changelist's URL."""

    title: str
    icon: str
    model: str
    action: Action


GROUPS: tuple[tuple[str, tuple[Page, ...]], ...] = (
    (
        "People and access",
        (
            Page("Namespaces", "domain", "tenancy_namespace", Action.READ_NAMESPACES),
            Page("People", "group", "tenancy_user", Action.READ_USERS),
            Page("Roles", "badge", "tenancy_role", Action.READ_ROLES),
            Page("Policies", "policy", "tenancy_policy", Action.READ_ROLES),
            Page("API tokens", "key", "tenancy_apitoken", Action.READ_TOKENS),
            Page("Sessions", "devices", "tenancy_usersession", Action.READ_USERS),
        ),
    ),
    (
        "Sign-in",
        (
            Page(
                "Identity providers", "login", "federation_identityprovider", Action.READ_FEDERATION
            ),
            Page("Claim rules", "rule", "federation_claimrule", Action.READ_FEDERATION),
            Page("SCIM groups", "groups", "federation_scimgroup", Action.READ_FEDERATION),
            Page("SCIM users", "person_add", "federation_scimuser", Action.READ_FEDERATION),
            Page("Sign-in log", "passkey", "federation_signinattempt", Action.READ_FEDERATION),
            Page("Directories", "lan", "federation_directory", Action.READ_FEDERATION),
            Page(
                "Directory mappings",
                "alt_route",
                "federation_directorymapping",
                Action.READ_FEDERATION,
            ),
        ),
    ),
    (
        "Analytics",
        (
            Page("Query engines", "dns", "analytics_engine", Action.READ_ENGINES),
            Page("Tables", "table", "analytics_laketable", Action.READ_ENGINES),
            Page("Views", "table_eye", "analytics_lakeview", Action.READ_ENGINES),
            Page("Dashboards", "dashboard", "analytics_dashboard", Action.READ_DASHBOARDS),
            Page("Queries", "terminal", "analytics_query", Action.READ_ALL_QUERIES),
        ),
    ),
    (
        "Usage limits",
        (
            Page("Limits", "speed", "usage_limits_usagelimit", Action.READ_USAGE),
            Page("Workload rules", "traffic", "usage_limits_workloadrule", Action.READ_USAGE),
            Page("Alert channels", "notifications", "usage_limits_alertchannel", Action.READ_USAGE),
            Page(
                "Usage control log",
                "receipt_long",
                "usage_limits_usagecontrollogentry",
                Action.READ_USAGE,
            ),
        ),
    ),
    (
        "Erasure",
        (
            Page("Requests", "person_remove", "purge_erasurerequest", Action.READ_ERASURE),
            Page("Storage layers", "database", "purge_storagelayer", Action.READ_ERASURE),
            Page("Datasets", "table_view", "purge_dataset", Action.READ_ERASURE),
            Page("Legal holds", "gavel", "purge_legalhold", Action.READ_ERASURE),
            Page("Returns", "undo", "purge_return", Action.READ_ERASURE),
            Page("Erasure rules", "tune", "purge_erasurerules", Action.READ_ERASURE),
        ),
    ),
    (
        "Governance",
        (
            Page("Audit trail", "history", "audit_auditevent", Action.READ_AUDIT),
            Page("Jobs and messages", "outbox", "outbox_outboxmessage", Action.READ_JOBS),
        ),
    ),
)


def unfold_settings() -> dict[str, Any]:
    """What settings.py assigns to UNFOLD."""
    return {
        "SITE_TITLE": "Lakewarden",
        "SITE_HEADER": "Lakewarden",
        "SITE_SUBHEADER": subheader,
        "SITE_ICON": mark,
        "SITE_URL": "/",
        "SHOW_HISTORY": True,
        "SHOW_VIEW_ON_SITE": False,
        "SHOW_BACK_BUTTON": True,
        "ENVIRONMENT": environment,
        "BORDER_RADIUS": "6px",
        "COLORS": {"primary": PRIMARY},
        "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": mark}],
        "STYLES": [style],
        "SCRIPTS": [script],
        "SIDEBAR": {"show_search": False, "navigation": sidebar},
    }


# The portal's accent, light and dark, is 600 and 400: on white and on 900 both pass 4.5.
PRIMARY = {
    "50": "oklch(97.5% .01 198)",
    "100": "oklch(94.6% .017 198)",
    "200": "oklch(88.5% .045 199)",
    "300": "oklch(81.5% .075 200)",
    "400": "oklch(74.5% .092 201)",
    "500": "oklch(65% .09 204)",
    "600": "oklch(49.3% .081 206)",
    "700": "oklch(43.5% .071 206)",
    "800": "oklch(38% .06 206)",
    "900": "oklch(32.1% .04 206)",
    "950": "oklch(24% .03 206)",
}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups, without the pages that this person may not open."""
    actor = getattr(request, "actor", None)
    if actor is None:
        return []
    groups: list[dict[str, Any]] = [
        {"items": [{"title": "Overview", "icon": "home", "link": reverse("admin:index")}]}
    ]
    for title, pages in GROUPS:
        items = [
            {"title": page.title, "icon": page.icon, "link": link}
            for page in pages
            if allows(actor=actor, action=page.action) and (link := changelist(page.model))
        ]
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    return groups


def changelist(model: str) -> str | None:
    """The address of a model's page, or None where no admin is registered for it."""
    try:
        return reverse(f"admin:{model}_changelist")
    except NoReverseMatch:
        return None


def options_of(row: Model) -> "Options[Any]":
    return row._meta  # noqa: SLF001 - Django documents it


def change_page(row: Model) -> str | None:
    """The address of a row's own page, or None where no admin is registered for it."""
    opts = options_of(row)
    try:
        return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=(row.pk,))
    except NoReverseMatch:
        return None


def page_of(*, kind: str, key: object) -> tuple[str, str | None]:
    """What a row of `app.model` is called, and the address of its page if there is one."""
    try:
        label = str(apps.get_model(kind)._meta.verbose_name)  # noqa: SLF001 - Django documents it
    except (LookupError, ValueError):
        return kind.rpartition(".")[2], None
    try:
        return label, reverse(f"admin:{kind.lower().replace('.', '_')}_change", args=(key,))
    except NoReverseMatch:
        return label, None


def place_of(model: str) -> tuple[str, Page] | None:
    """In which group a model's page stands, and under which name."""
    return next(
        ((title, page) for title, pages in GROUPS for page in pages if page.model == model), None
    )


def environment(request: HttpRequest) -> list[str] | None:
    """The label above: which namespace the page works in."""
    if getattr(request, "actor", None) is None:
        return None
    working_in = getattr(request, "working_in", None)
    return ["All namespaces", "warning"] if working_in is None else [str(working_in), "info"]


def mark(request: HttpRequest) -> str:  # noqa: ARG001 - Unfold's signature
    return static("portal/mark.svg")


def style(request: HttpRequest) -> str:  # noqa: ARG001 - Unfold's signature
    return static("adminsite/admin.css")


def script(request: HttpRequest) -> str:  # noqa: ARG001 - Unfold's signature
    return static("adminsite/copy.js")


def subheader(request: HttpRequest) -> str:
    """Below the name: the namespace again, in its own words."""
    working_in = getattr(request, "working_in", None)
    return "Web admin" if working_in is None else str(working_in.display_name or working_in)
