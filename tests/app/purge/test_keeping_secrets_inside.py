"""Wrong passwords and wrong places: what stands in a report, a trail, a job or a log names none."""

import json
import logging
import socket
from collections.abc import Callable, Iterator, Mapping

import pytest
from django.utils import timezone
from pytest_django import Settings

from governance.isolation.scopes import namespace_scope
from governance.secrets import sealing
from purge.models import Dataset, ErasureReport, ErasureRequest, StorageLayer
from purge.ports import LayerInvalid
from purge.services import data_maps
from tests.app.purge.conftest import Company
from tests.factories import purge, rows, tenancy
from tests.servers.seaweedfs import ACCESS_KEY, PLAIN, S3Store

pytestmark = pytest.mark.django_db(transaction=True)

CANARY = "canary-5e1d-hunter2"
IDENTIFIERS = [{"name": "customer_id", "path": "customer.id", "type": "integer"}]


@pytest.fixture
def acme(make_company: Callable[[str], Company]) -> Iterator[Company]:
    made = make_company("acme")
    with namespace_scope(made.namespace.pk):
        yield made


def a_dataset(kind: str, options: Mapping[str, object], credentials: str) -> Dataset:
    layer = StorageLayer.objects.create(name="away", kind=kind, options=dict(options))
    sealing.put(layer, "credentials", credentials)
    layer.save()
    form = "table" if kind == "postgresql" else "ndjson"
    return Dataset.objects.create(
        storage_layer=layer, prefix="", format=form, identifiers=IDENTIFIERS
    )


def an_s3_secret() -> str:
    return json.dumps({"access_key_id": ACCESS_KEY, "secret_access_key": CANARY})


def looked_for(acme: Company) -> tuple[ErasureRequest, set[str]]:
    """An erasure that looks everywhere, from asking to the last word; and what it was told."""
    (acme.folder / "1.ndjson").write_bytes(purge.records(5, 7))
    request = acme.located()
    report = ErasureReport.objects.get(hash=request.report_hash).document
    request = acme.erase(acme.approve(request))
    assert request.state == "partially_failed"
    assert (acme.folder / "1.ndjson").read_bytes() == purge.records(5)
    return request, {one["reason"] for one in report["unreachable"]}


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("botocore").setLevel(logging.WARNING)  # as governance/project/logs.py does
    return lambda: caplog.text + rows.all_as_text()


def test_a_wrong_key_of_a_bucket_is_told_without_it(
    acme: Company, s3_store: S3Store, settings: Settings, said: Callable[[], str]
) -> None:
    settings.S3_ENDPOINTS = [s3_store.endpoint_url]
    place = {"bucket": PLAIN, "endpoint_url": s3_store.endpoint_url, "addressing_style": "path"}
    a_dataset("s3", place, an_s3_secret())

    request, reasons = looked_for(acme)

    assert reasons == {"s3_credentials_refused"}
    assert CANARY not in said() + str(request.problems)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1", "https://169.254.169.254", "https://[::ffff:10.0.0.7]"]
)
def test_an_endpoint_inside_gets_neither_a_request_nor_a_key(
    acme: Company, said: Callable[[], str], monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    reached: list[object] = []
    connect = socket.socket.connect
    monkeypatch.setattr(
        socket.socket,
        "connect",
        lambda one, address: (
            reached.append(address) if one.family != socket.AF_UNIX else connect(one, address)
        ),
    )
    a_dataset("s3", {"bucket": "lake", "endpoint_url": url}, an_s3_secret())

    _, reasons = looked_for(acme)

    assert reasons == {"s3_endpoint_unreachable"}
    assert reached == []
    assert CANARY not in said()


@pytest.mark.parametrize(
    ("host", "allowed"),
    [("127.0.0.1", []), ("169.254.169.254", []), ("127.0.0.1", ["127.0.0.0/8"])],
)
def test_a_server_that_refuses_or_is_inside_is_told_without_its_password(
    acme: Company, settings: Settings, said: Callable[[], str], host: str, allowed: list[str]
) -> None:
    settings.EGRESS_ALLOWED_NETWORKS = allowed
    a_dataset("postgresql", {}, f"postgresql://dora:{CANARY}@{host}:9/shop?sslmode=disable")

    _, reasons = looked_for(acme)

    assert reasons == {"server_unreachable"}
    assert CANARY not in said()


@pytest.mark.parametrize(
    "string",
    [
        f"service={CANARY}",
        f"host=/tmp user=u password={CANARY}",
        f"host=db.customer.example user=u passfile=/etc/{CANARY}",
        f"postgresql://u:{CANARY}@db.customer.example:x/shop",
        f"{CANARY} = = nonsense",
        f'{{"access_key_id": "{CANARY}"}}',
    ],
)
@pytest.mark.parametrize("kind", ["postgresql", "s3"])
def test_junk_for_credentials_is_refused_by_rest_without_repeating_it(
    acme: Company, said: Callable[[], str], kind: str, string: str
) -> None:
    browser = tenancy.signed_in(acme.ivan, role="admin")
    options = {"bucket": "lake"} if kind == "s3" else {}
    body = {"name": "x", "kind": kind, "options": options, "credentials": string}

    answer = browser.post(
        "/api/v1/namespaces/acme/storage-layers/", body, content_type="application/json"
    )

    if answer.status_code == 201:  # A port that is no number is only found out when it is used.
        tried = browser.post(f"/api/v1/namespaces/acme/storage-layers/{answer.json()['id']}/test/")
        assert not tried.json()["steps"][0]["ok"]
        assert CANARY not in tried.content.decode()
    assert CANARY not in answer.content.decode() + said()


def test_secrets_in_options_are_refused(acme: Company, said: Callable[[], str]) -> None:
    """Options are shown: what belongs to the credentials is not taken there."""
    for options in ({"bucket": "lake", "secret_access_key": CANARY}, {"password": CANARY}):
        with pytest.raises(LayerInvalid, match="no such option") as refused:
            data_maps.save_layer(
                layer=StorageLayer(name="y", namespace=acme.namespace),
                values={"kind": "s3", "options": options, "credentials": an_s3_secret()},
                lake=acme.lake,
                actor=tenancy.an_actor(acme.ivan),
                now=timezone.now(),
            )
        assert CANARY not in str(refused.value) + said()
