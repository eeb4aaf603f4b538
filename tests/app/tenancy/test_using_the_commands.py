"""The commands that an operator types, and what they answer to mistakes."""

import io

import pytest
from django.core.management import CommandError, call_command

from governance.isolation.scopes import namespace_scope, system_scope
from governance.tenancy.auth_backends import LocalBackend
from governance.tenancy.domain import tokens
from governance.tenancy.models import ApiToken, Namespace, User
from tests.factories import tenancy

pytestmark = pytest.mark.django_db


@pytest.fixture
def namespace() -> Namespace:
    return tenancy.a_namespace()


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_a_token_is_printed_alone_on_its_line(namespace: Namespace) -> None:
    text = run("create_token", "feed", "--namespace", "acme", "--scopes", "usage:write,purge:read")

    assert tokens.is_well_formed(text.removesuffix("\n"))
    with namespace_scope(namespace.pk):
        token = ApiToken.objects.get()
    assert token.scopes == ["usage:write", "purge:read"]
    assert token.digest == tokens.digest(text.strip())


def test_a_token_for_an_unknown_scope_or_namespace_is_refused(namespace: Namespace) -> None:
    with pytest.raises(CommandError, match="'usage' is no scope"):
        run("create_token", "feed", "--namespace", "acme", "--scopes", "usage")
    with pytest.raises(CommandError, match="no namespace named other"):
        run("create_token", "feed", "--namespace", "other", "--scopes", "usage:read")


def test_a_user_can_sign_in_with_the_printed_password(namespace: Namespace) -> None:
    password = run("create_user", "olga", "--namespace", "acme", "--role", "officer").strip()

    olga = LocalBackend().authenticate(None, username="olga", password=password)

    assert olga is not None
    assert olga.namespace_id == namespace.pk


def test_a_user_with_an_unknown_role_is_refused_and_the_roles_are_named(
    namespace: Namespace,
) -> None:
    with pytest.raises(CommandError, match=r"no role named boss\. There are: admin, author"):
        run("create_user", "olga", "--namespace", "acme", "--role", "boss")


def test_a_platform_administrator_belongs_to_no_namespace(namespace: Namespace) -> None:
    run("create_user", "root", "--superuser")

    with system_scope("test"):
        assert User.objects.get(login_name="root").is_platform_administrator
    with pytest.raises(CommandError, match="belongs to no namespace"):
        run("create_user", "root2", "--superuser", "--namespace", "acme")
    with pytest.raises(CommandError, match="no namespace named None"):
        run("create_user", "nobody")


def test_a_taken_login_name_is_refused(namespace: Namespace) -> None:
    run("create_user", "olga", "--namespace", "acme")

    with pytest.raises(CommandError, match="taken"):
        run("create_user", "olga", "--superuser")


def test_the_trail_of_what_commands_did_verifies(namespace: Namespace) -> None:
    run("create_user", "olga", "--namespace", "acme")

    assert "no link is broken" in run("verify_audit")
