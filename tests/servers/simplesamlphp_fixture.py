"""The fixture `idp`: a real SimpleSAMLphp, started for a file of tests that imports it."""

from collections.abc import Iterator

import pytest

from tests.servers import simplesamlphp
from tests.servers.requirements import miss_service
from tests.servers.simplesamlphp import SimpleSAMLphp


@pytest.fixture(scope="module")
def idp() -> Iterator[SimpleSAMLphp]:
    if not simplesamlphp.is_installed():
        miss_service("SimpleSAMLphp", reason="install the Debian package simplesamlphp")
    with simplesamlphp.running() as server:
        yield server
