"""What the system check says about sign-ins."""

import pytest
from pytest_django import Settings

from federation.checks import identity_providers_reach_us_by_https


@pytest.mark.parametrize(
    ("public_url", "warnings"),
    [
        ("https://lake.customer.example", []),
        ("http://localhost:8000", []),
        ("http://lake.customer.example", ["federation.W001"]),
    ],
)
def test_sign_ins_over_plain_http_are_warned_of(
    settings: Settings, public_url: str, warnings: list[str]
) -> None:
    settings.PUBLIC_URL = public_url

    assert [one.id for one in identity_providers_reach_us_by_https()] == warnings
