"""Paths of their own in the buckets of the session's S3 store."""

import random

import pytest

from purge.domain import s3_parts
from purge.domain.s3_parts import MIB
from tests.factories.s3_home import Home
from tests.servers.seaweedfs import LOCKED, PLAIN, VERSIONED, S3Store


@pytest.fixture
def plain(s3_store: S3Store) -> Home:
    return Home(s3_store.client(), PLAIN)


@pytest.fixture
def versioned(s3_store: S3Store) -> Home:
    return Home(s3_store.client(), VERSIONED)


@pytest.fixture
def locked(s3_store: S3Store) -> Home:
    return Home(s3_store.client(), LOCKED)


@pytest.fixture(params=[PLAIN, VERSIONED])
def home(request: pytest.FixtureRequest, s3_store: S3Store) -> Home:
    return Home(s3_store.client(), request.param)


@pytest.fixture(params=["in one request", "in parts"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How a small object is written."""
    if request.param == "in parts":
        monkeypatch.setattr(s3_parts, "WHOLE", -1)


@pytest.fixture(scope="module")
def large() -> bytes:
    return random.Random(7).randbytes(24 * MIB)  # noqa: S311 - bytes that differ everywhere
