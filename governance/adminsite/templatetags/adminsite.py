"""Where a page of the admin lies: in the sidebar's words, so that one thing has one name."""

from typing import Any

from django import template
from django.template import Context

from governance.adminsite import navigation

register = template.Library()


@register.simple_tag(takes_context=True)
def trail(context: Context) -> list[tuple[str, str | None]]:
    """The group, the list and the object of a page, each with its address."""
    opts = context.get("opts")
    place = None if opts is None else navigation.place_of(opts.label_lower.replace(".", "_"))
    if opts is None or place is None:
        return [(str(context.get("title", "")), None)]
    group, page = place
    row: Any = context.get("original") or context.get("object")
    trail = [(group, None), (page.title, navigation.changelist(page.model))]
    if row is None or isinstance(row, str):
        is_list = context.get("cl") is not None
        return trail if is_list else [*trail, (str(context.get("title", "")), None)]
    return [*trail, (str(row), navigation.change_page(row))]
