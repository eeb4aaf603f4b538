"""A document made true: what differs is changed, what is missing is made, nothing is removed.

All of it is one transaction. A change that leaves a row as it was, because the document spells the
same value otherwise, is undone before anybody sees it: applying twice changes nothing twice.
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, connection, transaction
from rest_framework.exceptions import ValidationError

from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.actors import Actor
from governance.kernel.refusals import Refusal
from governance.project.configuration import documents, elsewhere
from governance.project.configuration.elsewhere import (
    ElsewhereUnreadableError,
    ElsewhereUnsetError,
)
from governance.project.configuration.resources import (
    NAMESPACE,
    RESOURCES,
    Item,
    OpenResource,
    Resource,
)
from governance.restapi import problems
from governance.secrets import sealing
from governance.tenancy.models import Namespace

REFUSED = (Refusal, ValidationError, DjangoValidationError, IntegrityError)


class _ItemInvalidError(ValueError):
    """What no service would say, for it is the document's own rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One item, before (None: it is new) and after; and which secrets were set anew."""

    place: str
    before: Item | None
    after: Item
    secrets: tuple[str, ...] = ()


@dataclass(slots=True)
class Applied:
    """What applying did, or would do. Where there are problems nothing was changed."""

    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    left_alone: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def apply(
    *,
    wanted: list[Item],
    folder: Path,
    actor: Actor,
    now: datetime,
    confirm: Callable[[Applied], bool],
) -> Applied:
    """Make the document true; committed where nothing was refused and `confirm` says yes.

    Files that the document names are read from `folder` on.
    """
    applied = Applied()
    with transaction.atomic(), system_scope("apply a configuration"):
        for part in wanted:
            _Part(part, folder=folder, actor=actor, now=now, applied=applied).apply()
        if applied.problems or not confirm(applied):
            transaction.set_rollback(True)
    return applied


class _Part:
    """One namespace's part of the document."""

    def __init__(
        self, wanted: Item, *, folder: Path, actor: Actor, now: datetime, applied: Applied
    ) -> None:
        self.wanted, self.folder, self.applied = wanted, folder, applied
        self.actor, self.now = actor, now
        self.name: str = wanted["name"]

    def apply(self) -> None:
        row = self._namespace()
        if row is None:
            return
        with namespace_scope(row.pk):
            for resource in RESOURCES:
                if resource.name in self.wanted:
                    opened = resource.opened(namespace=row, actor=self.actor, now=self.now)
                    self._apply_list(opened, self.wanted[resource.name])

    def _namespace(self) -> Namespace | None:
        """Its own fields first: everything else lies in it."""
        item = {name: self.wanted[name] for name in documents.OWN if name in self.wanted}
        row = Namespace.objects.filter(name=self.name).first()
        opened = NAMESPACE.opened(
            namespace=row or Namespace(name=self.name), actor=self.actor, now=self.now
        )
        if row is None:
            status = item.pop("status", None)
            row = self._settle(opened, None, item, place=self.name)
            item = {} if status is None else {"status": status}
        return None if row is None else self._settle(opened, row, item, place=self.name)

    def _apply_list(self, opened: OpenResource, items: list[Item]) -> None:
        resource = opened.resource
        known: defaultdict[tuple[str, ...], list[Any]] = defaultdict(list)
        for row in opened.rows():
            known[resource.key_of(opened.item(row))].append(row)
        for item in items:
            key = resource.key_of(self._in_the_open(resource, item))
            place = " / ".join((self.name, resource.name, *key))
            row = known[key].pop(0) if known[key] else None
            self._settle(opened, row, item, place=place)
        self.applied.left_alone += [
            " / ".join((self.name, resource.name, *key))
            for key, rows in known.items()
            for _ in rows
        ]

    def _in_the_open(self, resource: Resource, item: Item) -> Item:
        """The item with what its key says elsewhere; what cannot be read is told when it is set."""
        told = dict(item)
        for name in resource.key:
            if elsewhere.is_elsewhere(item.get(name)):
                with suppress(ElsewhereUnreadableError):
                    told[name] = elsewhere.read(item[name], folder=self.folder)
        return told

    def _settle(self, opened: OpenResource, row: Any, item: Item, *, place: str) -> Any:  # noqa: ANN401 - any model
        """Make or change one row; what is refused is noted. The row as it is then, if any."""
        try:
            with transaction.atomic():
                return self._settled(opened, row, item, place=place)
        except (ElsewhereUnreadableError, _ItemInvalidError) as invalid:
            self.applied.problems.append(f"{place}: {invalid}")
        except REFUSED as refused:
            self.applied.problems += [f"{place}{line}" for line in _lines(refused)]
        return row

    def _settled(self, opened: OpenResource, row: Any, item: Item, *, place: str) -> Any:  # noqa: ANN401 - any model
        plain, secrets = self._split(opened, row, item, place=place)
        before = None if row is None else opened.item(row)
        differing = plain
        if before is not None:
            differing = {name: v for name, v in plain.items() if v != before.get(name, _NOTHING)}
            _check_fixed(opened, before, differing)
            if not differing and not secrets:
                self.applied.unchanged += 1
                return row
        with transaction.atomic():
            if row is None:
                row = opened.create({**plain, **secrets})
            else:
                row = opened.change(row, {**differing, **secrets})
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            row = opened.reread(row)
            after = opened.item(row)
            if after == before and not secrets:
                transaction.set_rollback(True)
        if after == before and not secrets:
            self.applied.unchanged += 1
        else:
            change = Change(place=place, before=before, after=after, secrets=tuple(sorted(secrets)))
            self.applied.changes.append(change)
        return row

    def _split(
        self,
        opened: OpenResource,
        row: Any,  # noqa: ANN401 - any model
        item: Item,
        *,
        place: str,
    ) -> tuple[Item, dict[str, str]]:
        """What the document says in the open, and the secrets that are not as they are already."""
        plain, secrets = {}, {}
        for name, value in item.items():
            if name not in opened.secrets:
                found = elsewhere.is_elsewhere(value)
                plain[name] = elsewhere.read(value, folder=self.folder) if found else value
            elif not elsewhere.is_elsewhere(value):
                message = (
                    f"{name} is a secret and does not stand in a document. Write "
                    f"{{{elsewhere.ENVIRONMENT}: NAME}} or {{{elsewhere.FILE}: PATH}}."
                )
                raise _ItemInvalidError(message)
            else:
                secret = self._secret(row, name, value, place=place)
                if secret is not None:
                    secrets[name] = secret
        return plain, secrets

    def _secret(self, row: Any, name: str, value: Item, *, place: str) -> str | None:  # noqa: ANN401 - any model
        """None where it is as wanted, or is not told and there is one already."""
        kept = None if row is None else sealing.get(row, name)
        try:
            secret = elsewhere.read(value, folder=self.folder)
        except ElsewhereUnsetError as unset:
            if kept is None:
                raise
            self.applied.remarks.append(f"{place}: {name} stays as it is. {unset}")
            return None
        return None if kept is not None and kept.reveal() == secret else secret


_NOTHING = object()


def _check_fixed(opened: OpenResource, before: Item, differing: Item) -> None:
    for name in sorted(opened.fixed & set(differing)):
        message = f"{name} is {before[name]}, which is fixed once made."
        raise _ItemInvalidError(message)


def _lines(refused: Exception) -> list[str]:
    """What the REST API would have said, a line for each field."""
    answer = problems.handle(refused, {})
    if answer is None:
        raise refused
    errors = answer.data.get("errors") or [{"pointer": "", "detail": answer.data["detail"]}]
    return [f"{error['pointer'].replace('/', ' / ')}: {error['detail']}" for error in errors]
