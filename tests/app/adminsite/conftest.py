"""A company whose administrator opens the web admin."""

import pytest

from governance.tenancy.models import Namespace
from tests.factories import tenancy


@pytest.fixture
def acme() -> Namespace:
    return tenancy.a_namespace("acme")
