"""The two figures of each limit for Prometheus, read when somebody looks."""

from collections.abc import Iterator
from decimal import Decimal

import structlog
from django.db import DatabaseError
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from governance.isolation.scopes import system_scope
from usage_limits import selectors
from usage_limits.domain.features import from_base
from usage_limits.models import UsageLimit
from usage_limits.selectors import LimitState

log = structlog.get_logger(__name__)

LABELS = ("namespace", "limit", "feature", "period", "unit")


class LimitCollector(Collector):
    """`UsageLimitConsumed` and `UsageLimitAvailable`, in TB or minutes of the present period."""

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The names alone, so that registering asks no database."""
        yield from _families()

    def collect(self) -> Iterator[GaugeMetricFamily]:
        consumed, available = _families()
        try:
            for state in _states():
                reading, terms = state.reading, state.reading.meter.terms
                labels = [
                    state.limit.namespace.name,
                    str(state.limit.pk),
                    terms.feature_type.value,
                    terms.period.value,
                    terms.unit,
                ]
                used = from_base(feature=terms.feature_type, amount=reading.standing.used)
                consumed.add_metric(labels, float(used))
                available.add_metric(labels, float(max(Decimal(0), terms.amount - used)))
        except DatabaseError:
            log.exception("limit_metrics_unread")
        yield consumed
        yield available


def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily("UsageLimitConsumed", "Used of a usage limit.", labels=LABELS),
        GaugeMetricFamily("UsageLimitAvailable", "Left of a usage limit.", labels=LABELS),
    )


def _states() -> list[LimitState]:
    with system_scope("metrics of usage limits"):
        rows = UsageLimit.objects.select_related("namespace").order_by("namespace_id", "id")
        return selectors.limit_states(limits=list(rows), now=timezone.now())
