"""Filters of lists. Named one by one: a filter set made from a model would ask it for rows."""

from django_filters import rest_framework as filters

from governance.restapi.filters import ScopedFilterSet


class ControlLogFilters(ScopedFilterSet):
    usage_limit = filters.UUIDFilter(field_name="limit_id")
    feature_type = filters.CharFilter()
    action = filters.CharFilter()
    cause = filters.CharFilter()
    threshold = filters.NumberFilter()
