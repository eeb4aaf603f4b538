"""An address or a form with a NUL in it is refused or finds nothing; it never fails."""

import pytest
from django.test import Client

from tests.factories import tenancy

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address",
    [
        "/login/?namespace=%00",
        "/login/?namespace=acme&next=%00",
        "/saml/%00/x/login/",
        "/saml/acme/%00/login/",
        "/saml/acme/%00/acs/",
        "/saml/acme/x/metadata/",
        "/scim/v2/%00/Users",
        "/api/v1/namespaces/%00/users/",
        "/n/%00/sql/",
        "/admin/login/?next=%00",
    ],
)
def test_a_nul_is_never_a_failure(address: str) -> None:
    tenancy.a_namespace("acme")
    stranger = Client(raise_request_exception=False)
    form = {"username": "a\0b", "password": "\0", "SAMLResponse": "\0", "RelayState": "\0"}

    answers = [stranger.get(address), stranger.post(address, form)]

    assert all(answer.status_code < 500 for answer in answers)
