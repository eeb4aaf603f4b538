"""What needs somebody: small providers, named by setting, asked by the admin's first page.

A provider is a function `(request) -> Iterable[Attention]`, listed by dotted path in
`settings.ADMIN_ATTENTION`, run in the request's scope. It should cost one query and answer
nothing where the person may not act on it. `Signpost` is a card that leads somewhere.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string


class Urgency(StrEnum):
    """In the order they are shown."""

    DANGER = "danger"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """One line: what is the matter, in words, and where to go. `word` is the pill's text."""

    urgency: Urgency
    word: str
    sentence: str
    link: str
    link_text: str


Provider = Callable[[HttpRequest], Iterable[Attention]]


def gather(request: HttpRequest) -> list[Attention]:
    """Everything that the providers have to say, the most urgent first."""
    order = list(Urgency)
    found = [item for path in settings.ADMIN_ATTENTION for item in _provider(path)(request)]
    return sorted(found, key=lambda item: order.index(item.urgency))


def _provider(path: str) -> Provider:
    provider: Provider = import_string(path)
    return provider
