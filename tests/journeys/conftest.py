"""The stage of the stories. It is set up once for each module that plays on it."""

from collections.abc import Iterator

import pytest

from tests.journeys import browsers, stage as stages
from tests.journeys.stage import Stage
from tests.servers import simplesamlphp, slapd
from tests.servers.requirements import miss_service


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    if browsers.program() is None:
        miss_service("Chromium", reason="install the Debian package chromium")
    if not simplesamlphp.is_installed():
        miss_service("SimpleSAMLphp", reason="install the Debian package simplesamlphp")
    if not slapd.is_installed():
        miss_service("slapd", reason="install the Debian package slapd")
    with stages.set_up() as stage:
        yield stage
