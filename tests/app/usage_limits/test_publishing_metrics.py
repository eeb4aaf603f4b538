"""What Prometheus reads of limits."""

import pytest
from django.test import Client
from django.utils import timezone

from governance.isolation.scopes import namespace_scope
from tests.factories.tenancy import a_namespace
from tests.factories.usage_limits import a_limit, settled, some_terms
from usage_limits.models import LimitCounter

pytestmark = pytest.mark.django_db


def test_each_limit_has_what_is_consumed_and_available_even_without_counters() -> None:
    acme, other = a_namespace("acme"), a_namespace("other", account_id="111122223333")
    now = timezone.now()
    with namespace_scope(acme.pk):
        limit = a_limit(some_terms(2), now=now)
        settled("a", "0.5", now=now)
    with namespace_scope(other.pk):
        a_limit(some_terms(1), now=now)
        settled("a", 3, now=now)
    with namespace_scope(acme.pk):
        LimitCounter.objects.all().delete()

    text = Client().get("/metrics").content.decode()

    labels = f'{{feature="spectrum",limit="{limit.pk}",namespace="acme",period="weekly",unit="TB"}}'
    assert f"UsageLimitConsumed{labels} 0.5" in text
    assert f"UsageLimitAvailable{labels} 1.5" in text
    assert 'namespace="other",period="weekly",unit="TB"} 0.0' in text
