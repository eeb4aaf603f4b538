"""An S3 store that is away, refuses, or ignores conditions: said so, and nothing written."""

from typing import Any

import pytest

from purge.adapters.s3 import probe as s3_probe
from purge.adapters.s3.storage_layer import S3StorageLayer
from purge.domain import s3_parts
from purge.domain.spans import Keep
from purge.ports import (
    ObjectUnreachable,
)
from tests.factories.s3_home import Between, Home, clock
from tests.servers.seaweedfs import PLAIN, VERSIONED, S3Store


def test_a_bucket_that_is_not_there_is_not_an_empty_one(s3_store: S3Store) -> None:
    home = Home(s3_store.client(), "nowhere")

    with pytest.raises(ObjectUnreachable, match="s3_no_such_bucket"):
        list(home.layer.objects(prefix=""))
    with pytest.raises(ObjectUnreachable, match="s3_no_such_bucket"):
        home.layer.version(key="k")


def test_refused_credentials_are_named_and_never_shown(s3_store: S3Store) -> None:
    home = Home(s3_store.client(access_key="AKIAWRONG", secret_key="verysecret"), PLAIN)

    with pytest.raises(ObjectUnreachable) as caught:
        list(home.layer.objects(prefix=""))

    assert caught.value.values["reason"] == "s3_credentials_refused"
    shown = f"{caught.value!r} {caught.value.__context__!r} {home.layer.probe()}"
    assert "verysecret" not in shown
    assert caught.value.__cause__ is None


def test_a_reader_may_look_and_not_write(s3_store: S3Store, plain: Home) -> None:
    plain.put("k", b"0123")
    client = s3_store.client(access_key="reader", secret_key="readersecret")
    reader = Home(client, PLAIN, path=plain.path)

    steps = reader.layer.probe()

    assert [step.ok for step in steps] == [True] * (len(steps) - 1) + [False]
    assert "may not" in steps[-1].detail
    with pytest.raises(ObjectUnreachable, match="s3_access_denied"):
        reader.rewrite("k", Keep(0, 1))


def test_a_store_that_is_away_is_unreachable(s3_store: S3Store) -> None:
    away = S3Store(endpoint_url="http://127.0.0.1:9", process=0)

    with pytest.raises(ObjectUnreachable, match="s3_endpoint_unreachable"):
        Home(away.client(), PLAIN).layer.version(key="k")


def test_a_probe_says_what_erasing_needs(versioned: Home) -> None:
    steps = versioned.layer.probe()

    assert [step.name for step in steps if step.ok] == [
        "reach the store and sign in",
        "list objects",
        "old versions",
        "object lock",
        "write on a condition",
    ]
    assert versioned.listed() == []
    assert versioned.uploads() == 0


class IgnoresConditions(Between):
    """What a store does that knows nothing of If-Match on writing."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name != self._operation:
            return found

        def called(**values: object) -> Any:
            values.pop("IfMatch", None)
            return found(**values)

        return called


@pytest.mark.parametrize("operation", ["put_object", "complete_multipart_upload"])
def test_a_store_that_ignores_conditions_is_not_written_to(
    versioned: Home, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if operation != "put_object":
        monkeypatch.setattr(s3_parts, "WHOLE", -1)
    monkeypatch.setattr(s3_probe, "_honoured", set())
    versioned.put("k", b"0123")
    layer = S3StorageLayer(
        client=IgnoresConditions(versioned.client, operation, lambda: None),
        bucket=VERSIONED,
        path=versioned.path,
        clock=clock,
    )

    with pytest.raises(ObjectUnreachable, match="s3_conditions_ignored"):
        layer.begin(key="k", version=versioned.seen("k"))
    assert "ignores" in layer.probe()[-1].detail
    assert versioned.listed() == [("k", True)]
    assert versioned.get("k") == b"0123"
