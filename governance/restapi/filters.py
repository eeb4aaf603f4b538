"""Filters and ordering by allow list. What is not named is refused, not ignored."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from django_filters.constants import EMPTY_VALUES
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter
from rest_framework.request import Request
from rest_framework.views import APIView

PAGING = frozenset({"page", "page_size", "ordering", "format"})


class ScopedFilterSet(filters.FilterSet):  # type: ignore[misc]
    """Relations are filtered by id alone, so that no other namespace's rows become choices."""

    FILTER_DEFAULTS: ClassVar[dict[type[models.Field[Any, Any]], dict[str, Any]]] = {
        **filters.FilterSet.FILTER_DEFAULTS,
        models.ForeignKey: {"filter_class": filters.UUIDFilter},
        models.OneToOneField: {"filter_class": filters.UUIDFilter},
        models.ManyToManyField: {"filter_class": filters.UUIDFilter},
    }


class AllowListFilterBackend(filters.DjangoFilterBackend):  # type: ignore[misc]
    """`filterset_fields` or `filterset_class` name the filters; other parameters are refused.

    A view that reads parameters of its own names them in `extra_query_params`.
    """

    filterset_base = ScopedFilterSet

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        if getattr(view, "action", "list") != "list":
            return queryset
        filterset = self.get_filterset(request, queryset, view)
        known = set(filterset.filters) if filterset is not None else set()
        extra = set(getattr(view, "extra_query_params", ()))
        _refuse_unknown(request, known | extra | PAGING)
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            raise ValidationError(filterset.errors)
        found: QuerySet[Any] = filterset.qs
        return found


class AllowListOrdering(OrderingFilter):
    """`?ordering=name,-created_at` over the view's `ordering_fields`; ties broken by id."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        if getattr(view, "action", "list") != "list":
            return queryset
        asked = [term.strip() for term in request.query_params.get("ordering", "").split(",")]
        asked = [term for term in asked if term not in EMPTY_VALUES]
        allowed = set(getattr(view, "ordering_fields", None) or ())
        wrong = [term for term in asked if term.removeprefix("-") not in allowed]
        if wrong:
            message = f"Order by one of: {', '.join(sorted(allowed)) or 'nothing'}."
            raise ValidationError({"ordering": [message]}, code="unknown_ordering")
        terms = asked or list(getattr(view, "ordering", ("id",)))
        return queryset.order_by(*terms, *(() if "id" in terms or "-id" in terms else ("id",)))


def _refuse_unknown(request: Request, known: set[str]) -> None:
    unknown = sorted(set(request.query_params) - known)
    if unknown:
        message = "There is no such filter."
        raise ValidationError({name: [message] for name in unknown}, code="unknown_filter")
