"""What the admin's first page shows beside what waits: how far the setting up is, and pictures.

Providers are functions `(request) -> Iterable[...]`, named by dotted path in
`settings.ADMIN_SETTING_UP` and `settings.ADMIN_GLANCES`, run in the request's scope. Each answers
nothing where the person may not look.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to set up, and where. `sentence` says what for."""

    title: str
    sentence: str
    done: bool
    link: str
    link_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A card with a picture: `template` draws it from `shown`, and `link` leads to the rows."""

    title: str
    template: str
    shown: Mapping[str, object]
    link: str
    link_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingUp:
    """The steps, and which of them is next."""

    steps: tuple[Step, ...]

    @property
    def done(self) -> int:
        return sum(step.done for step in self.steps)

    @property
    def following(self) -> Step | None:
        return next((step for step in self.steps if not step.done), None)

    @property
    def percent(self) -> int:
        return round(100 * self.done / len(self.steps)) if self.steps else 100

    @property
    def is_young(self) -> bool:
        """More is left than done: the list is shown open."""
        return 2 * self.done < len(self.steps)


Shown = TypeVar("Shown", Step, Glance)
Provider = Callable[[HttpRequest], Iterable[Shown]]


def setting_up(request: HttpRequest) -> SettingUp | None:
    """None once everything is done, and for who cannot do any of it."""
    providers: list[Provider[Step]] = list(map(import_string, settings.ADMIN_SETTING_UP))
    found = SettingUp(steps=tuple(_gathered(providers, request)))
    return found if found.following else None


def glances(request: HttpRequest) -> list[Glance]:
    providers: list[Provider[Glance]] = list(map(import_string, settings.ADMIN_GLANCES))
    return list(_gathered(providers, request))


def _gathered(providers: Iterable[Provider[Shown]], request: HttpRequest) -> Iterator[Shown]:
    for provider in providers:
        yield from provider(request)
