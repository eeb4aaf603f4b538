"""A namespace whose scope is open for the whole test."""

from collections.abc import Iterator

import pytest

from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from tests.factories import tenancy


@pytest.fixture
def namespace(db: None) -> Iterator[Namespace]:
    made = tenancy.a_namespace()
    with namespace_scope(made.pk):
        yield made
