"""Filters of lists."""

from typing import ClassVar

from django_filters import rest_framework as filters

from governance.restapi.filters import ScopedFilterSet
from usage_limits.models import UsageControlLogEntry


class ControlLogFilters(ScopedFilterSet):
    usage_limit = filters.UUIDFilter(field_name="limit_id")

    class Meta:
        model = UsageControlLogEntry
        fields: ClassVar[tuple[str, ...]] = ("feature_type", "action", "cause", "threshold")
