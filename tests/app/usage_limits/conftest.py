"""A namespace whose scope is open for the whole test; and two whose scripts come over REST."""

from collections.abc import Iterator

import pytest

from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import Namespace
from tests.factories import tenancy
from tests.factories.rest import Script


@pytest.fixture
def namespace(db: None) -> Iterator[Namespace]:
    made = tenancy.a_namespace()
    with namespace_scope(made.pk):
        yield made


@pytest.fixture
def acme() -> Namespace:
    return tenancy.a_namespace("acme")


@pytest.fixture
def script(acme: Namespace) -> Script:
    return Script(acme, "usage:write")


@pytest.fixture
def eve() -> Script:
    return Script(tenancy.a_namespace("eves", account_id="111122223333"), "usage:write")
