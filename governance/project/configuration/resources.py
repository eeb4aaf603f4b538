"""What a configuration is made of: REST resources, in the order in which they lean on each other.

People, tokens, holds and requests are no configuration: they come and go while the service runs.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model
from rest_framework.serializers import BaseSerializer, ListSerializer, Serializer
from rest_framework.utils.encoders import JSONEncoder

from federation.api.directory_views import DirectoryMappingViewSet, DirectoryViewSet
from federation.api.provider_views import ClaimRuleViewSet, IdentityProviderViewSet
from governance.analytics.api.views import (
    DashboardViewSet,
    EngineViewSet,
    LakeTableViewSet,
    LakeViewViewSet,
)
from governance.kernel.actors import Actor
from governance.restapi.api.access import PolicyViewSet, RoleViewSet
from governance.restapi.api.namespaces import NamespaceViewSet
from governance.restapi.related import ScopedNameField
from governance.restapi.serializers import ScopedRelatedField, SecretField, validated
from governance.restapi.views import ScopedView
from governance.tenancy.models import Namespace
from purge.api.views import DatasetViewSet, StorageLayerViewSet
from purge.api.workflow_views import ErasureRulesViewSet
from usage_limits.api.views import AlertChannelViewSet, UsageLimitViewSet, WorkloadRuleViewSet
from usage_limits.domain.channels import ChannelKind
from usage_limits.services import alert_channels

Item = dict[str, Any]
CHANNELS = "alert-channels"


@dataclass(frozen=True, slots=True)
class Resource:
    """A list of a namespace's part of the document; `key` tells its items apart.

    Without a key there is one item. Items of one key are told apart by their order.
    """

    name: str
    view: type[Any]
    key: tuple[str, ...]

    def opened(self, *, namespace: Namespace, actor: Actor, now: datetime) -> "OpenResource":
        view = self.view.without_request(actor=actor, now=now)
        view.namespace = namespace
        return OpenResource(self, view)

    def key_of(self, item: Item) -> tuple[str, ...]:
        return tuple(self._told(item, name) for name in self.key)

    def _told(self, item: Item, name: str) -> str:
        told = str(item.get(name, ""))
        return _target(item, told) if self.name == CHANNELS and name == "target" else told


def _target(item: Item, told: str) -> str:
    """A channel's address as it is shown, however the document writes it."""
    is_webhook = item.get("kind") == ChannelKind.WEBHOOK.value
    kind = ChannelKind.WEBHOOK if is_webhook else ChannelKind.EMAIL
    return alert_channels.shown(kind=kind, target=told)


NAMESPACE = Resource("namespaces", NamespaceViewSet, ("name",))
RESOURCES = (
    Resource("policies", PolicyViewSet, ("name",)),
    Resource("roles", RoleViewSet, ("name",)),
    Resource("identity-providers", IdentityProviderViewSet, ("name",)),
    Resource("claim-rules", ClaimRuleViewSet, ("identity_provider", "claim", "position")),
    Resource("directories", DirectoryViewSet, ("name",)),
    Resource("directory-mappings", DirectoryMappingViewSet, ("directory", "position")),
    Resource("engines", EngineViewSet, ("name",)),
    Resource("lake-tables", LakeTableViewSet, ("database", "name")),
    Resource("lake-views", LakeViewViewSet, ("database", "name")),
    Resource("dashboards", DashboardViewSet, ("slug",)),
    Resource("usage-limits", UsageLimitViewSet, ("feature_type", "period", "breach_action")),
    Resource("workload-rules", WorkloadRuleViewSet, ("name",)),
    Resource(CHANNELS, AlertChannelViewSet, ("kind", "target")),
    Resource("storage-layers", StorageLayerViewSet, ("name",)),
    Resource("datasets", DatasetViewSet, ("storage_layer", "prefix")),
    Resource("erasure-rules", ErasureRulesViewSet, ()),
)


class OpenResource:
    """A resource of the namespace whose scope is open: its rows as items, and items into rows."""

    def __init__(self, resource: Resource, view: ScopedView) -> None:
        self.resource, self.view = resource, view
        made: Mapping[str, Any] = view.input_serializer_class().fields  # type: ignore[attr-defined] # a Serializer's
        self.changing = getattr(view, "patch_serializer_class", None) or view.input_serializer_class
        changed: Mapping[str, Any] = self.changing().fields  # type: ignore[union-attr] # a Serializer's
        self.fields = {**made, **changed}
        self.fixed = set(made) - set(changed)
        self.secrets = {n for n, field in self.fields.items() if isinstance(field, SecretField)}
        self.named = {
            name: field
            for name, field in self.fields.items()
            if isinstance(field, (ScopedRelatedField, ScopedNameField))
        }

    def rows(self) -> list[Any]:
        return list(self.view.get_queryset().order_by("created_at", "pk"))

    def reread(self, row: Model) -> Any:  # noqa: ANN401 - any model
        return self.view.get_queryset().get(pk=row.pk)

    def item(self, row: Model) -> Item:
        """What the document says of the row; its secrets are left out."""
        shown = json.loads(json.dumps(self.view.rendered(row), cls=JSONEncoder))
        item = {}
        for name, field in self.fields.items():
            if name in self.named:
                item[name] = getattr(row, name).name
            elif name not in self.secrets and _may_be(field, shown[name]):
                item[name] = _kept(field, shown[name])
        return item

    def create(self, item: Item) -> Any:  # noqa: ANN401 - any model
        values = self._validated(self.view.input_serializer_class, item, partial=False)
        if not self.resource.key:
            # The one row of its kind comes into being when it is first changed.
            return self.view.perform_update(None, values)  # type: ignore[attr-defined] # UpdateMixin's
        return self.view.perform_create(values)  # type: ignore[attr-defined] # CreateMixin's

    def change(self, row: Model, item: Item) -> Any:  # noqa: ANN401 - any model
        values = self._validated(self.changing, item, partial=True)
        return self.view.perform_update(row, values)  # type: ignore[attr-defined] # UpdateMixin's

    def _validated(
        self, shape: type[BaseSerializer[Any]], item: Item, *, partial: bool
    ) -> dict[str, Any]:
        return validated(
            shape,
            data=self._as_sent(item),
            partial=partial,
            context=self.view.get_serializer_context(),
        )

    def _as_sent(self, item: Item) -> Item:
        """As the API would get it: ids where it wants ids, numbers as its parser reads them."""
        sent = dict(item)
        for name, field in self.named.items():
            if isinstance(field, ScopedRelatedField) and isinstance(sent.get(name), str):
                rows: Any = field.get_queryset()
                found = rows.filter(name=sent[name]).first()
                sent[name] = sent[name] if found is None else str(found.pk)
        fraction = getattr(self.view.parser_classes[0], "read_float", float)
        read: Item = json.loads(json.dumps(sent), parse_float=fraction)
        return read


def _may_be(field: Any, value: object) -> bool:  # noqa: ANN401 - any field
    """Whether the field would take the value that it shows: some that are empty want a value."""
    if value is None:
        return bool(field.allow_null)
    return value != "" or getattr(field, "allow_blank", True)


def _kept(field: Any, value: Any) -> Any:  # noqa: ANN401 - JSON
    """Without what a nested shape shows and does not take."""
    if isinstance(field, ListSerializer):
        return [_kept(field.child, one) for one in value]
    if isinstance(field, Serializer):
        return {name: value[name] for name in field.fields if name in value}
    return value
