"""What a test does where a real service is missing: skip on a laptop, fail in CI."""

import os
import shutil
from typing import NoReturn

import pytest


def miss_service(name: str, *, reason: str) -> NoReturn:
    """Skip the test for want of a service; fail where `REQUIRE_SERVICES=1` promised all of them."""
    sentence = f"{name} is missing: {reason}"
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(sentence)
    pytest.skip(sentence)


def require_program(name: str, *, package: str) -> str:
    """The path of a program of the test machine, installed by `make test` as `package`."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        miss_service(name, reason=f"install the Debian package {package}")
    return found
