"""What the outbox's messages are called: words of the apps, by the dotted path of a module."""

from collections.abc import Collection, Mapping
from importlib import import_module
from typing import Protocol, cast

from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string

from governance.outbox.models import OutboxMessage


class Words(Protocol):
    """The module that `settings.JOB_WORDS` names."""

    @property
    def TITLES(self) -> Mapping[str, str]: ...  # noqa: N802 - a constant of a module
    @property
    def HOUSEKEEPING(self) -> Collection[str]: ...  # noqa: N802 - the same


def title(*, kind: str, name: str) -> str:
    """`purge.index` is "Index a dataset"; `purge/email/came_back` is "Email: came back"."""
    if kind == "email":
        return f"Email: {name.rpartition('/')[2].replace('_', ' ')}"
    return _words().TITLES.get(name, name)


def names_like(text: str) -> list[str]:
    """The jobs whose title has these words."""
    wanted = text.casefold()
    return [name for name, words in _words().TITLES.items() if wanted in words.casefold()]


def housekeeping_that_went_well() -> Q:
    return Q(name__in=_words().HOUSEKEEPING, state="done")


def progress(row: OutboxMessage) -> str:
    """A bar with its figures; empty where the job counts nothing."""
    done, total = row.progress_done, row.progress_total
    percent = round(100 * min(done / total, 1)) if total else 0
    shown = {"done": done, "total": total, "percent": percent}
    return render_to_string("adminsite/parts/progress.html", shown)


def latest(name: str, **ids: object) -> OutboxMessage | None:
    """The last job of that name about these rows."""
    payload = {key: str(value) for key, value in ids.items()}
    rows = OutboxMessage.objects.filter(name=name, payload__contains=payload)
    return rows.order_by("-id").first()


def _words() -> Words:
    return cast("Words", import_module(settings.JOB_WORDS))
