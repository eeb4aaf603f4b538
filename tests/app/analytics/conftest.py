"""A namespace with an engine and a table of flights, its people, and no runner left behind."""

from collections.abc import Iterator

import pytest

from governance.analytics.adapters.runner_pool import POOL
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from tests.factories import analytics, tenancy


@pytest.fixture(autouse=True, scope="session")
def no_runner_is_left() -> Iterator[None]:
    yield
    POOL.close()


@pytest.fixture
def acme(db: None) -> Namespace:
    namespace = tenancy.a_namespace()
    with namespace_scope(namespace.pk):
        analytics.an_engine()
        analytics.flights(namespace)
    return namespace


@pytest.fixture
def in_acme(acme: Namespace) -> Iterator[Namespace]:
    with namespace_scope(acme.pk):
        yield acme
