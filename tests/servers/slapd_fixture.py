"""The fixture `slapd`: a real directory, started once. Imported by the conftests that offer it."""

from collections.abc import Iterator

import pytest

from tests.servers import slapd as openldap
from tests.servers.requirements import miss_service
from tests.servers.slapd import Slapd


@pytest.fixture(scope="session")
def slapd() -> Iterator[Slapd]:
    if not openldap.is_installed():
        miss_service("slapd", reason="install the Debian packages slapd and ldap-utils")
    with openldap.running() as server:
        yield server
