"""Setting up an S3 layer: what may be typed, which addresses it reaches, whose credentials."""

import json
import logging
import socket
from collections.abc import Callable, Mapping

import pytest
from django.test import Client
from pytest_django import Settings

from governance.isolation.scopes import namespace_scope
from governance.kernel.personal import Personal
from purge import wiring
from purge.models import StorageLayer as StorageLayerRow
from purge.ports import LayerDescription, LayerInvalid, LayerKind, ObjectUnreachable, StorageLayer
from tests.app.purge.conftest import Company
from tests.factories import tenancy
from tests.servers.seaweedfs import ACCESS_KEY, PLAIN, SECRET_KEY, S3Store

OWN = json.dumps({"access_key_id": ACCESS_KEY, "secret_access_key": SECRET_KEY})


def layer(options: Mapping[str, object], credentials: str | None = OWN) -> StorageLayer:
    return wiring.storage_layer(
        LayerDescription(
            kind=LayerKind.S3,
            namespace_name="acme",
            options=options,
            credentials=None if credentials is None else Personal(credentials),
        )
    )


def refused(options: Mapping[str, object], credentials: str | None = OWN) -> str:
    with pytest.raises(LayerInvalid) as caught:
        layer(options, credentials)
    (error,) = caught.value.errors
    return error.pointer


def test_a_layer_works_on_an_endpoint_that_the_operator_allows(
    s3_store: S3Store, settings: Settings
) -> None:
    settings.S3_ENDPOINTS = [s3_store.endpoint_url]

    made = layer({"bucket": PLAIN, "path": "x", "endpoint_url": s3_store.endpoint_url + "/"})

    assert all(step.ok for step in made.probe())


@pytest.mark.parametrize(
    "url",
    [
        "http://s3.customer.example",
        "https://s3.customer.example:6379",
        "https://user:secret@s3.customer.example",
        "https://s3.customer.example/path",
        "http://169.254.169.254",
        "file:///etc/passwd",
        "s3.customer.example",
    ],
)
def test_an_address_that_is_not_public_https_is_refused(url: str) -> None:
    assert refused({"bucket": "lake", "endpoint_url": url}) == "/options/endpoint_url"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.7",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
    ],
)
def test_no_request_reaches_the_inside(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does the answer tell what is there (T84, T86)."""
    reached: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: reached.append(address))

    with pytest.raises(ObjectUnreachable, match="s3_endpoint_unreachable"):
        layer({"bucket": "lake", "endpoint_url": f"https://{host}"}).version(key="k")

    assert reached == []


def test_a_name_that_resolves_to_the_inside_is_not_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every answer is checked, and the connection goes to the address that was (T85)."""
    reached: list[object] = []
    answers = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))
        for address in ("93.184.216.34", "127.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: reached.append(address))

    with pytest.raises(ObjectUnreachable, match="s3_endpoint_unreachable"):
        layer({"bucket": "lake", "endpoint_url": "https://rebind.customer.example"}).version(
            key="k"
        )

    assert reached == []


def test_the_instances_credentials_are_lent_below_the_roots_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "instance")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "instance-secret")
    settings.S3_ROOTS = ["company-lake/teams"]

    layer({"bucket": "company-lake", "path": "teams/acme/sales"}, credentials=None)

    for path in ("", "teams", "teams/other", "teams/acme-2", "acme"):
        assert refused({"bucket": "company-lake", "path": path}, None) == "/options/path"
    assert refused({"bucket": "another", "path": "teams/acme"}, None) == "/options/path"


def test_the_instances_credentials_go_to_no_typed_address(settings: Settings) -> None:
    settings.S3_ROOTS = ["lake"]

    options = {"bucket": "lake", "path": "acme", "endpoint_url": "https://s3.evil.example"}

    assert refused(options, None) == "/options/endpoint_url"


@pytest.mark.parametrize(
    "credentials",
    ["", "AKIA:secret", "[]", '{"access_key_id": "a"}', OWN.replace("}", ', "x": "y"}'), "{}"],
)
def test_credentials_that_make_no_sense_are_refused_without_repeating_them(
    credentials: str,
) -> None:
    with pytest.raises(LayerInvalid) as caught:
        layer({"bucket": "lake"}, credentials)

    assert caught.value.errors[0].pointer == "/credentials"
    assert "AKIA:secret" not in str(caught.value)


def test_a_wrong_option_is_pointed_at() -> None:
    assert refused({"bucket": "lake", "region": "x/y"}) == "/options/region"
    assert refused({"bucket": "lake", "color": "red"}) == "/options/color"


def test_no_log_holds_a_secret(
    s3_store: S3Store, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.S3_ENDPOINTS = [s3_store.endpoint_url]
    caplog.set_level(logging.DEBUG)
    logging.getLogger("botocore").setLevel(logging.WARNING)  # as governance/project/logs.py does
    token = {"session_token": "very-secret-token"}
    secret = json.dumps({**json.loads(OWN), "secret_access_key": "very-secret-key", **token})

    with pytest.raises(ObjectUnreachable):
        layer({"bucket": PLAIN, "endpoint_url": s3_store.endpoint_url}, secret).version(key="k")

    assert "very-secret" not in caplog.text


def test_ivan_adds_a_bucket_and_tries_it(
    make_company: Callable[[str], Company], s3_store: S3Store, settings: Settings
) -> None:
    company = make_company("acme")
    ivan = tenancy.signed_in(company.ivan, role="admin")
    settings.S3_ENDPOINTS = [s3_store.endpoint_url]
    options = {"bucket": PLAIN, "path": "x", "endpoint_url": s3_store.endpoint_url}
    form = {"name": "raw", "kind": "s3", **options, **json.loads(OWN)}

    page = ivan.get("/admin/purge/storagelayer/add/").content.decode()
    made = ivan.post("/admin/purge/storagelayer/add/", form)
    with namespace_scope(company.namespace.pk):
        layer = StorageLayerRow.objects.get(name="raw")
    tried = ivan.post(f"/admin/purge/storagelayer/{layer.pk}/do/test/", {"begins": ""})

    assert "secret_access_key" in page
    assert made.status_code == 302
    assert "the store honours conditions" in tried.content.decode()
    assert SECRET_KEY not in layer.credentials


def test_a_script_is_told_which_option_is_wrong(make_company: Callable[[str], Company]) -> None:
    company = make_company("acme")
    with namespace_scope(company.namespace.pk):
        token = tenancy.a_token("purge:write")

    answer = Client(headers={"Authorization": f"Bearer {token}"}).post(
        "/api/v1/namespaces/acme/storage-layers/",
        {
            "name": "raw",
            "kind": "s3",
            "options": {"bucket": "lake", "endpoint_url": "http://169.254.169.254"},
            "credentials": OWN,
        },
        content_type="application/json",
    )

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "storage_layer_invalid")
    assert problem["errors"][0]["pointer"] == "/options/endpoint_url"
    assert SECRET_KEY not in answer.content.decode()
