"""What lists of erasures are narrowed by."""

from typing import ClassVar

import django_filters

from governance.restapi.filters import ScopedFilterSet
from purge.models import ErasureRequest, Origin
from purge.models.erasures import STATES


class ErasureRequestFilter(ScopedFilterSet):
    """`due_after` and `due_before` are what a calendar asks for."""

    state = django_filters.MultipleChoiceFilter(choices=STATES)
    reference = django_filters.CharFilter()
    origin = django_filters.ChoiceFilter(choices=Origin.choices)
    due_after = django_filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="gte")
    due_before = django_filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="lt")
    open = django_filters.BooleanFilter(field_name="finished_at", lookup_expr="isnull")

    class Meta:
        model = ErasureRequest
        fields: ClassVar[list[str]] = []
