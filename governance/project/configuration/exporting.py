"""The configuration as it stands, as a document."""

import re
from datetime import datetime

from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.actors import Actor
from governance.project.configuration import documents, elsewhere
from governance.project.configuration.resources import RESOURCES, Item, OpenResource, Resource
from governance.tenancy.models import Namespace


def exported(*, name: str | None, actor: Actor, now: datetime) -> list[Item]:
    """Every namespace, or the one of that name. Empty where there is none."""
    with system_scope("export the configuration"):
        rows = Namespace.objects.order_by("name")
        if name is not None:
            rows = rows.filter(name=name)
        found = []
        for namespace in rows:
            with namespace_scope(namespace.pk):
                found.append(_namespace(namespace, actor=actor, now=now))
        return found


def _namespace(namespace: Namespace, *, actor: Actor, now: datetime) -> Item:
    document: Item = {field: str(getattr(namespace, field)) for field in documents.OWN}
    for resource in RESOURCES:
        opened = resource.opened(namespace=namespace, actor=actor, now=now)
        items = [_item(opened, row, namespace) for row in opened.rows()]
        if items:
            document[resource.name] = sorted(items, key=lambda item: _order(resource, item))
    return document


def _order(resource: Resource, item: Item) -> list[tuple[bool, int, str]]:
    """Positions by their number, names by their letters: the same order at each export."""
    values = [item.get(name, "") for name in resource.key]
    return [
        (isinstance(value, int), value if isinstance(value, int) else 0, str(value))
        for value in values
    ]


def _item(opened: OpenResource, row: object, namespace: Namespace) -> Item:
    item = opened.item(row)  # type: ignore[arg-type] # a row of the resource's model
    for secret in sorted(opened.secrets):
        if getattr(row, secret):
            name = _variable(namespace.name, opened.resource, item, secret)
            item[secret] = {elsewhere.ENVIRONMENT: name}
    return item


def _variable(namespace: str, resource: Resource, item: Item, secret: str) -> str:
    parts = (namespace, *resource.key_of(item), secret)
    return re.sub(r"[^A-Z0-9]+", "_", "_".join(parts).upper()).strip("_")
