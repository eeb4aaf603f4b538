"""Which role somebody gets at a sign-in: by the rules, or by the pair that the provider names."""

from typing import Any

import pytest
from django.conf import settings

from federation.domain.attributes import OVERAGE_ATTRIBUTES
from governance.isolation.scopes import namespace_scope
from governance.tenancy.models import (
    Namespace,
    Role,
)
from tests.factories.saml_sign_ins import NAME, SAMLBrowser, as_member_of, people, sessions
from tests.factories.tenancy import the_role

pytestmark = pytest.mark.django_db

AWS = "https://aws.amazon.com/SAML/Attributes/"
ACCOUNT = "arn:aws:iam::253914981264"
PROVIDER_ARN = f"{ACCOUNT}:saml-provider/AzureActiveDirectory"


@pytest.mark.parametrize(
    "groups",
    [
        ["superadmins"],
        ["quicksight-admin"],
        ["QuickSight-Admin "[:-1] + "s"],
        ["QuickSight.Admin"],
        ["QuickSight-\N{CYRILLIC CAPITAL LETTER A}dmin"],
        [".*"],
        [""],
        [],
    ],
)
def test_a_group_is_its_exact_name(
    browser: SAMLBrowser, acme: Namespace, groups: list[str]
) -> None:
    answer = browser.signed_in(attributes=as_member_of(*groups))

    assert answer.status_code == 403
    assert answer.json()["code"] == "saml_no_role"
    assert people(acme) == []


@pytest.mark.parametrize(
    "pair", [f"{ACCOUNT}:role/reader,{PROVIDER_ARN}", f"{PROVIDER_ARN},{ACCOUNT}:role/reader"]
)
def test_a_role_that_the_provider_names_beats_the_rules(
    browser: SAMLBrowser, acme: Namespace, pair: str
) -> None:
    attributes = as_member_of("QuickSight-Admin") | {f"{AWS}Role": [pair]}

    assert browser.signed_in(attributes=attributes).status_code == 302

    assert people(acme) == ["reader/joe"]


@pytest.mark.parametrize(
    ("pair", "code"),
    [
        (f"arn:aws:iam::999999999999:role/reader,{PROVIDER_ARN}", "saml_role_pair"),
        (f"{ACCOUNT}:role/reader,{ACCOUNT}:saml-provider/Other", "saml_role_pair"),
        (f"{ACCOUNT}:role/reader", "saml_role_pair"),
        (f"{PROVIDER_ARN},{PROVIDER_ARN}", "saml_role_pair"),
        (f"{ACCOUNT}:role/Reader,{PROVIDER_ARN}", "saml_role_unknown"),
        (f"{ACCOUNT}:role/nobody,{PROVIDER_ARN}", "saml_role_unknown"),
    ],
)
def test_a_role_that_is_not_ours_is_refused(browser: SAMLBrowser, pair: str, code: str) -> None:
    answer = browser.signed_in(attributes=as_member_of() | {f"{AWS}Role": [pair]})

    assert answer.status_code == 403
    assert answer.json()["code"] == code


def test_a_provider_cannot_name_a_role_that_trusts_nobody_by_name(
    browser: SAMLBrowser, acme: Namespace
) -> None:
    with namespace_scope(acme.pk):
        Role.objects.filter(name="reader").update(trust_policy={})
    pair = f"{ACCOUNT}:role/reader,{PROVIDER_ARN}"

    named = browser.signed_in(attributes=as_member_of() | {f"{AWS}Role": [pair]})
    by_rule = browser.signed_in(attributes=as_member_of("QuickSight-Reader"))

    assert named.json()["code"] == "saml_role_not_entrusted"
    assert by_rule.status_code == 302


def test_a_role_that_differs_in_case_is_named(browser: SAMLBrowser) -> None:
    pair = f"{ACCOUNT}:role/Reader,{PROVIDER_ARN}"

    answer = browser.signed_in(attributes=as_member_of() | {f"{AWS}Role": [pair]})

    assert "The role reader differs from it only in case" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("statement", "status"),
    [
        ({"Principal": {"Federated": PROVIDER_ARN}}, 302),
        ({"Principal": {"Federated": [PROVIDER_ARN]}}, 302),
        ({"Principal": {"Federated": f"{ACCOUNT}:saml-provider/Other"}}, 403),
        ({"Principal": {"AWS": "*"}}, 403),
        (
            {
                "Principal": {"Federated": PROVIDER_ARN},
                "Condition": {"StringEquals": {"SAML:aud": "https://elsewhere.example/"}},
            },
            403,
        ),
        (
            {
                "Principal": {"Federated": PROVIDER_ARN},
                "Condition": {
                    "StringEquals": {
                        "SAML:aud": f"{settings.PUBLIC_URL}/saml/acme/AzureActiveDirectory/acs/"
                    }
                },
            },
            302,
        ),
    ],
)
def test_a_role_is_assumed_only_through_a_provider_that_it_trusts(
    browser: SAMLBrowser, acme: Namespace, statement: dict[str, Any], status: int
) -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRoleWithSAML"} | statement
    with namespace_scope(acme.pk):
        role = the_role("author")
        role.trust_policy = {"Version": "2012-10-17", "Statement": [trust]}
        role.save()

    answer = browser.signed_in()

    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "saml_role_does_not_trust_provider"


def test_left_out_groups_are_an_error_and_not_no_groups(browser: SAMLBrowser) -> None:
    link = "https://graph.windows.net/x/users/y/getMemberObjects"

    answer = browser.signed_in(attributes={OVERAGE_ATTRIBUTES[0]: [link], NAME: ["joe@c.example"]})

    assert answer.json()["code"] == "saml_groups_overage"
    assert "assigned to this application" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["j@customer.example", f"{'j' * 65}@c.example", "j o@c.example"])
def test_a_session_name_that_aws_would_refuse_is_refused(browser: SAMLBrowser, name: str) -> None:
    answer = browser.signed_in(attributes=as_member_of("QuickSight-Author", name=name))

    assert answer.json()["code"] == "saml_role_session_name"


def test_principal_tags_come_along(browser: SAMLBrowser, acme: Namespace) -> None:
    tag = {f"{AWS}PrincipalTag:Department": ["Sales & more"]}
    bad = browser.signed_in(attributes=as_member_of("QuickSight-Author") | tag)
    assert bad.json()["code"] == "saml_principal_tag"

    tag = {f"{AWS}PrincipalTag:Department": ["Sales"]}
    browser.signed_in(attributes=as_member_of("QuickSight-Author") | tag)

    assert sessions(acme)[0].tags == {"Department": "Sales"}
