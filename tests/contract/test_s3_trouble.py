"""A store that is busy, has another clock, answers otherwise than asked, or has a great many."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore import auth, endpoint
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from governance.kernel.personal import Personal
from purge.adapters.s3 import client as s3_client
from purge.adapters.s3.storage_layer import S3StorageLayer
from purge.domain.s3_places import S3Place
from purge.domain.spans import Keep, Span
from purge.ports import ObjectUnreachable, StoredObject
from tests.factories.s3 import CREDENTIALS
from tests.factories.s3_home import Home, clock
from tests.servers.seaweedfs import PLAIN, S3Store

MIB = 1 << 20


@pytest.fixture
def made(s3_store: S3Store) -> Iterator[Callable[..., Any]]:
    """Our own clients, made for one test."""

    def client(**options: Any) -> Any:
        s3_client._client.cache_clear()
        place = S3Place(
            bucket=PLAIN, endpoint_url=s3_store.endpoint_url, addressing_style="path", **options
        )
        return s3_client.client(place=place, credentials=Personal(CREDENTIALS), is_guarded=False)

    yield client
    s3_client._client.cache_clear()


class Busy:
    """Says so as often as it is told to."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        if not self.left:
            return None
        self.left -= 1
        return AWSResponse(request.url, 503, {}, self)

    def stream(self) -> Iterator[bytes]:
        yield b"<Error><Code>SlowDown</Code><Message>Please reduce your rate.</Message></Error>"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(endpoint.time, "sleep", slept.append)
    return slept


def test_a_store_that_asks_to_go_slower_is_waited_for(
    made: Callable[..., Any], pauses: list[float]
) -> None:
    home = Home(made(), PLAIN)
    home.put("k", b"0123")
    home.client.meta.events.register("before-send.s3", Busy(s3_client.PATIENT_ATTEMPTS - 1))

    assert home.layer.version(key="k") is not None
    assert len(pauses) == s3_client.PATIENT_ATTEMPTS - 1
    assert sum(pauses) > 15


def test_one_that_never_stops_asking_is_reported_as_that(
    made: Callable[..., Any], pauses: list[float]
) -> None:
    home = Home(made(), PLAIN)
    home.put("k", b"0123")
    seen = home.seen("k")
    home.client.meta.events.register("before-send.s3", Busy(1000))

    with (
        pytest.raises(ObjectUnreachable, match="s3_throttled"),
        home.layer.open(key="k", version=seen),
    ):
        pass
    assert len(pauses) == s3_client.PATIENT_ATTEMPTS - 1


def test_a_clock_that_is_wrong_is_named(
    made: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(made(), PLAIN)
    monkeypatch.setattr(auth, "get_current_datetime", lambda: datetime(2020, 1, 1, tzinfo=UTC))

    with pytest.raises(ObjectUnreachable, match="s3_clock_differs"):
        list(home.layer.objects(prefix=""))


def test_who_asks_says_that_they_pay_and_signs_it(made: Callable[..., Any]) -> None:
    home = Home(made(requester_pays=True), PLAIN)
    asked: list[Any] = []

    def note(request: AWSPreparedRequest, **_: object) -> None:
        asked.append(request.headers)

    home.client.meta.events.register("before-send.s3", note)
    home.put("k", b"0123456789")
    home.rewrite("k", Keep(0, 5))
    list(home.layer.objects(prefix=""))

    assert len(asked) > 5
    assert {str(one.get("x-amz-request-payer")) for one in asked} <= {"requester", "b'requester'"}
    assert all(b"x-amz-request-payer" in _bytes(one["Authorization"]) for one in asked)


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


@pytest.mark.parametrize(("size", "asks_first"), [(MIB, False), (2 * MIB, True)])
def test_a_small_object_is_sent_without_asking_first(
    made: Callable[..., Any], size: int, asks_first: object
) -> None:
    home = Home(made(), PLAIN)
    asked: list[bool] = []
    home.client.meta.events.register(
        "before-send.s3.PutObject", lambda request, **_: asked.append("Expect" in request.headers)
    )

    home.put("k", b"0" * size)

    assert asked == [asks_first]
    assert home.head("k")["ContentLength"] == size


class WithoutRanges:
    """A client of a store that knows no ranges: each read is answered with all of it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_object(self, **values: Any) -> Any:
        del values["Range"]
        return self._client.get_object(**values)


def test_a_large_object_of_a_store_without_ranges_is_not_read_at_all(plain: Home) -> None:
    plain.put("k", b"0" * (2 * MIB))
    layer = S3StorageLayer(
        client=WithoutRanges(plain.client), bucket=PLAIN, path=plain.path, clock=clock
    )

    with (
        pytest.raises(ObjectUnreachable, match="s3_ranges_ignored"),
        layer.open(key="k", version=plain.seen("k")),
    ):
        pass


def test_other_bytes_than_were_asked_for_are_not_taken_for_them(plain: Home) -> None:
    plain.put("k", b"0" * MIB + b"1" * MIB)
    with plain.layer.open(key="k", version=plain.seen("k")) as source:
        plain.layer._bucket.client = WithoutRanges(plain.client)

        with pytest.raises(ObjectUnreachable, match="s3_ranges_ignored"):
            source.read(Span(MIB + 17, 5))
        with source.stream() as stream, pytest.raises(ObjectUnreachable, match="s3_ranges"):
            stream.read()


def test_more_versions_than_a_page_has_are_all_listed_and_removed(versioned: Home) -> None:
    for number in range(1005):
        versioned.put("k", b"theirs" if number < 3 else b"%d" % number)
    versioned.put("k2", b"other")

    listed = [one for one in versioned.layer.objects(prefix="") if isinstance(one, StoredObject)]
    assert [one.key for one in listed] == ["k"] * 1005 + ["k2"]
    assert len({one.version for one in listed}) == 1005 + 1
    assert [one.current for one in listed].count(True) == 2

    theirs = [one for one in listed if one.size == len(b"theirs")]
    assert len(theirs) == 3
    for one in theirs:
        versioned.layer.remove(key="k", version=one.version)
    assert len(versioned.old("k")) == 1001
