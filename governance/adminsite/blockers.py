"""What keeps a row from being deleted, each with a link to where it can be let go."""

from collections.abc import Iterable, Sequence

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import NestedObjects
from django.db import models, router
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst

from governance.adminsite import navigation

SHOWN = 20


def named(
    rows: Sequence[models.Model], *, site: AdminSite, request: HttpRequest
) -> list[SafeString]:
    """The rows that point to these and hold them, the first of them by name."""
    collector = NestedObjects(using=router.db_for_write(type(rows[0])))
    collector.collect(rows)
    held_by = sorted(collector.protected, key=lambda row: (_kind(row), str(row)))
    named = [_linked(row, rows, site=site, request=request) for row in held_by[:SHOWN]]
    more = len(held_by) - len(named)
    return [*named, format_html("and {} more", more)] if more else named


def _linked(
    row: models.Model, deleted: Sequence[models.Model], *, site: AdminSite, request: HttpRequest
) -> SafeString:
    """By its own page; a row without one, such as an attachment, by the page it is edited on."""
    kind = _kind(row)
    for one in (row, *_parents(row, deleted)):
        admin = site._registry.get(type(one))  # noqa: SLF001 - Django asks its own site so too
        if admin is not None and admin.has_view_permission(request, one):
            address = navigation.change_page(one)
            return format_html('{}: <a class="lw-link" href="{}">{}</a>', kind, address, one)
    return format_html("{}: {}", kind, row)


def _parents(row: models.Model, deleted: Sequence[models.Model]) -> Iterable[models.Model]:
    for field in navigation.options_of(row).concrete_fields:
        if isinstance(field, models.ForeignKey) and field.name != "namespace":
            parent = getattr(row, field.name)
            if isinstance(parent, models.Model) and parent not in deleted:
                yield parent


def _kind(row: models.Model) -> str:
    return str(capfirst(str(navigation.options_of(row).verbose_name)))
