"""Filters of lists. Named one by one: a filter set made from a model would ask it for rows."""

from django_filters import rest_framework as filters

from governance.restapi.filters import ScopedFilterSet


class ControlLogFilters(ScopedFilterSet):
    usage_limit = filters.UUIDFilter(field_name="limit_id")
    feature_type = filters.CharFilter()
    action = filters.CharFilter()
    cause = filters.CharFilter()
    threshold = filters.NumberFilter()


class RuleMatchFilters(ScopedFilterSet):
    workload_rule = filters.UUIDFilter(field_name="rule_id")
    query = filters.UUIDFilter(field_name="query_id")
    action = filters.CharFilter()
    on_estimate = filters.BooleanFilter()
