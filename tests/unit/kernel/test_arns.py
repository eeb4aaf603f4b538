"""Names as AWS writes them."""

import pytest

from governance.kernel import arns

ACCOUNT = "123456789012"


def test_names_are_written_as_aws_writes_them() -> None:
    assert arns.role_arn(account_id=ACCOUNT, name="Reader") == f"arn:aws:iam::{ACCOUNT}:role/Reader"
    assert (
        arns.saml_provider_arn(account_id=ACCOUNT, name="AzureActiveDirectory")
        == f"arn:aws:iam::{ACCOUNT}:saml-provider/AzureActiveDirectory"
    )
    assert (
        arns.resource_arn(account_id=ACCOUNT, kind="dashboard", name="sales")
        == f"arn:aws:lakewarden::{ACCOUNT}:dashboard/sales"
    )


def test_a_written_name_is_read_back() -> None:
    role = arns.ROLE.fullmatch(arns.role_arn(account_id=ACCOUNT, name="QuickSight-Reader_1"))
    provider = arns.SAML_PROVIDER.fullmatch(
        arns.saml_provider_arn(account_id=ACCOUNT, name="Azure.AD-1")
    )

    assert role is not None
    assert role.groupdict() == {"account": ACCOUNT, "name": "QuickSight-Reader_1"}
    assert provider is not None
    assert provider.groupdict() == {"account": ACCOUNT, "name": "Azure.AD-1"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Reader",
        f"arn:aws:iam::{ACCOUNT}:role/",
        f"arn:aws:iam::{ACCOUNT}:role/a b",
        f"arn:aws:iam::{ACCOUNT}:role/a\n",
        f"arn:aws:iam::{ACCOUNT}:role/" + "x" * 65,
        "arn:aws:iam::12345678901:role/x",
        "arn:aws:iam::\u0661\u0662\u0663456789012:role/x",
        f"arn:aws:iam::{ACCOUNT}:role/r\u00f4le",
        f"arn:aws:iam::{ACCOUNT}:user/x",
        f" arn:aws:iam::{ACCOUNT}:role/x",
    ],
)
def test_what_is_not_a_role_is_not_read_as_one(text: str) -> None:
    assert not arns.ROLE.fullmatch(text)
