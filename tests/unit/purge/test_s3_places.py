"""Options of an S3 layer, and which place a namespace may use with shared credentials."""

import pytest

from purge.domain import s3_places
from purge.domain.s3_places import PlaceWrongError, S3Place


def test_options_say_a_place() -> None:
    place = s3_places.place(
        {
            "bucket": "company-lake",
            "path": "/raw/sales/",
            "region": "eu-central-1",
            "endpoint_url": "https://s3.customer.example/",
            "addressing_style": "path",
        }
    )

    assert place == S3Place(
        bucket="company-lake",
        path="raw/sales/",
        region="eu-central-1",
        endpoint_url="https://s3.customer.example",
        addressing_style="path",
    )


def test_a_bucket_is_enough() -> None:
    assert s3_places.place({"bucket": "lake"}) == S3Place(bucket="lake")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("bucket", ""),
        ("bucket", "a"),
        ("bucket", "arn:aws:s3:eu-central-1:1:accesspoint/x"),
        ("bucket", "lake/other"),
        ("bucket", "lake.evil.example/x?"),
        ("bucket", "a..b"),
        ("bucket", 7),
        ("path", "a/../b"),
        ("path", "./a"),
        ("path", "a//b"),
        ("path", "a\0"),
        ("path", "é" * 451),
        ("region", "x.evil.example/"),
        ("region", "eu central"),
        ("addressing_style", "sideways"),
        ("access_key", "AKIA"),
    ],
)
def test_a_wrong_option_is_named(option: str, value: object) -> None:
    with pytest.raises(PlaceWrongError) as caught:
        s3_places.place({"bucket": "lake", option: value})

    assert caught.value.option == option


@pytest.mark.parametrize(
    ("bucket", "path"),
    [("lake", "acme/"), ("lake", "acme/sales/"), ("shared", "teams/acme/raw/")],
)
def test_shared_credentials_reach_the_namespaces_part_of_a_root(bucket: str, path: str) -> None:
    place = S3Place(bucket=bucket, path=path)

    assert s3_places.is_shared_with(
        place, roots=["s3://lake/", "shared/teams"], namespace_name="acme"
    )


@pytest.mark.parametrize(
    ("bucket", "path", "name"),
    [
        ("lake", "", "acme"),
        ("lake", "other/", "acme"),
        ("lake", "acme-other/", "acme"),
        ("shared", "acme/", "acme"),
        ("shared", "teams/other/", "acme"),
        ("lake2", "acme/", "acme"),
        ("lake", "acme/", ""),
        ("lake", "../", ".."),
    ],
)
def test_shared_credentials_reach_nothing_else(bucket: str, path: str, name: str) -> None:
    place = S3Place(bucket=bucket, path=path)

    assert not s3_places.is_shared_with(
        place, roots=["s3://lake/", "shared/teams"], namespace_name=name
    )


def test_without_roots_nothing_is_shared() -> None:
    assert not s3_places.is_shared_with(
        S3Place(bucket="lake", path="acme/"), roots=[], namespace_name="acme"
    )
