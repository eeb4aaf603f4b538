"""The fixture `slapd`: a real directory, started once. Imported by the conftests that offer it."""

import os
from collections.abc import Iterator

import pytest

from tests.servers import slapd as openldap
from tests.servers.slapd import Slapd


@pytest.fixture(scope="session")
def slapd() -> Iterator[Slapd]:
    if not openldap.is_installed():
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail("slapd is not installed")
        pytest.skip("slapd is not installed (Debian: apt-get install slapd ldap-utils)")
    with openldap.running() as server:
        yield server
