"""Buttons on an object's page: each is a POST that calls a service.

Unfold's own detail actions are links, and a link must not change anything (it can be followed
by a prefetch or planted in a mail). These are small forms with the CSRF token.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.db import models

from governance.kernel.actions import Action

NOTHING: Callable[[Any], Mapping[str, Any]] = lambda row: {}  # noqa: ARG005, E731 - the default of `initial`
ALWAYS: Callable[[Any], bool] = lambda row: True  # noqa: ARG005, E731 - the default of `shown`


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailAction:
    """What a button says, who may press it, what it asks for first."""

    name: str
    label: str
    action: Action
    icon: str = "play_arrow"
    danger: bool = False
    form_class: type[forms.Form] | None = None
    intro: str = ""
    shown: Callable[[Any], bool] = field(default=ALWAYS)
    initial: Callable[[Any], Mapping[str, Any]] = field(default=NOTHING)
    method: str = ""
    is_link: bool = False


def detail_action(  # noqa: PLR0913 - the parts of a button, all named at the call
    *,
    label: str,
    action: Action,
    icon: str = "play_arrow",
    danger: bool = False,
    form: type[forms.Form] | None = None,
    intro: str = "",
    shown: Callable[[Any], bool] = ALWAYS,
    initial: Callable[[Any], Mapping[str, Any]] = NOTHING,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a method `(self, request, row, values) -> str | HttpResponse | None` a button.

    `values` is the cleaned data of `form` ({} without one). A returned sentence is shown as
    success; a Refusal is shown as its sentence, at its fields where there is a form. With
    `form`, the button opens a page that asks first; `intro` stands above it, and `initial` says
    what of the row stands in it already.
    """
    return _mark(
        label=label,
        action=action,
        icon=icon,
        danger=danger,
        form_class=form,
        intro=intro,
        shown=shown,
        initial=initial,
    )


def detail_link(
    *, label: str, action: Action, icon: str = "open_in_new", shown: Callable[[Any], bool] = ALWAYS
) -> Callable[[Callable[..., str]], Callable[..., str]]:
    """Make a method `(self, row) -> address` a link beside the buttons, into a new window."""
    return _mark(label=label, action=action, icon=icon, shown=shown, is_link=True)


def _mark(**parts: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # noqa: ANN401 - the fields of a DetailAction
    def mark(method: Callable[..., Any]) -> Callable[..., Any]:
        name = getattr(method, "__name__", "")
        method.detail_action = DetailAction(  # type: ignore[attr-defined]
            name=name.replace("_", "-"), method=name, **parts
        )
        return method

    return mark


def actions_of(admin_class: type) -> tuple[DetailAction, ...]:
    """The buttons of an admin class as they are written, its own first, dangerous ones last."""
    seen: dict[str, DetailAction] = {}
    for owner in admin_class.__mro__:
        for value in vars(owner).values():
            found = getattr(value, "detail_action", None)
            if isinstance(found, DetailAction):
                seen.setdefault(found.name, found)
    return tuple(sorted(seen.values(), key=lambda button: button.danger))


def shown_for(row: models.Model, actions: tuple[DetailAction, ...]) -> list[DetailAction]:
    return [action for action in actions if action.shown(row)]
