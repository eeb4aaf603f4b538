"""Single sign-on only: after a proof, with break-glass, and with a way back for the operator."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from federation import wiring
from federation.models import (
    ClaimRule,
    IdentityProvider,
    OneTimePassword,
    SingleSignOnEnforcement,
)
from federation.services import claim_rules, enforcements, identity_providers
from federation.services.enforcements import (
    BreakGlassUnfit,
    OneTimePasswordOver,
    ProviderEnforced,
    ProviderNotProved,
)
from governance.audit.models import AuditEvent
from governance.isolation.scopes import namespace_scope
from governance.outbox.models import OutboxMessage
from governance.tenancy.models import Namespace, User, UserSession
from governance.tenancy.services import actors, users
from tests.factories.federation_saml import an_identity_provider, metadata_xml, the_walk_through
from tests.factories.rest import Script
from tests.factories.saml_sign_ins import SAMLBrowser
from tests.factories.tenancy import PASSWORD, a_namespace, a_user, ivan, signed_in, the_role
from tests.fakes.idp import a_key_pair

pytestmark = pytest.mark.django_db

PROVIDER_ARN = "arn:aws:iam::253914981264:saml-provider/AzureActiveDirectory"


@pytest.fixture
def acme() -> Namespace:
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        the_walk_through(an_identity_provider())
    ivan(acme)
    return acme


def the_ivan(acme: Namespace) -> User:
    with namespace_scope(acme.pk):
        return User.objects.get(login_name="ivan-acme")


def enforced(acme: Namespace) -> None:
    """A person signs in through the provider, and then it is the only way."""
    assert SAMLBrowser(acme).signed_in().status_code == 302
    with namespace_scope(acme.pk):
        enforcements.enforce(
            provider=IdentityProvider.objects.get(),
            break_glass_user=User.objects.get(login_name="ivan-acme"),
            actor=actors.system(acme.pk),
            now=timezone.now(),
        )


def by_password(login_name: str, password: str = PASSWORD) -> Any:
    return Client().post("/admin/login/", {"username": login_name, "password": password})


def events(acme: Namespace, action: str) -> int:
    with namespace_scope(acme.pk):
        return AuditEvent.objects.filter(action=action).count()


def mails(acme: Namespace, template: str) -> int:
    with namespace_scope(acme.pk):
        return OutboxMessage.objects.filter(name=f"federation/email/{template}").count()


def test_it_cannot_begin_before_somebody_signed_in(acme: Namespace) -> None:
    with namespace_scope(acme.pk), pytest.raises(ProviderNotProved):
        enforcements.enforce(
            provider=IdentityProvider.objects.get(),
            break_glass_user=the_ivan(acme),
            actor=actors.system(acme.pk),
            now=timezone.now(),
        )


def test_a_provider_with_another_certificate_must_be_proved_anew(acme: Namespace) -> None:
    SAMLBrowser(acme).signed_in()
    with namespace_scope(acme.pk):
        provider = IdentityProvider.objects.get()
        assert provider.proved_at is not None
        identity_providers.change(
            provider=provider,
            values={"metadata_xml": metadata_xml(a_key_pair("wrong"))},
            ports=wiring.provider_ports(),
            actor=actors.system(acme.pk),
            now=timezone.now(),
        )
        with pytest.raises(ProviderNotProved):
            enforcements.enforce(
                provider=provider,
                break_glass_user=the_ivan(acme),
                actor=actors.system(acme.pk),
                now=timezone.now(),
            )


@pytest.mark.parametrize("kind", ["reader", "inactive", "no password"])
def test_the_break_glass_account_must_be_fit(acme: Namespace, kind: str) -> None:
    SAMLBrowser(acme).signed_in()
    with namespace_scope(acme.pk):
        person = a_user(
            roles=["reader" if kind == "reader" else "admin"],
            password=None if kind == "no password" else PASSWORD,
        )
        if kind == "inactive":
            person = users.set_active(
                user=person, active=False, actor=actors.system(), now=timezone.now()
            )
        with pytest.raises(BreakGlassUnfit):
            enforcements.enforce(
                provider=IdentityProvider.objects.get(),
                break_glass_user=person,
                actor=actors.system(acme.pk),
                now=timezone.now(),
            )


def test_local_users_are_told_to_use_single_sign_on(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        a_user("olga", roles=["officer"])
    enforced(acme)

    answer = by_password("olga")

    assert answer.status_code == 403
    assert "entered through its identity provider only" in answer.content.decode()
    assert "entered through" not in by_password("olga", "wrong").content.decode()
    with namespace_scope(acme.pk):
        assert not UserSession.objects.filter(user__login_name="olga").exists()


def test_password_sessions_of_others_end_when_it_begins(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        olga = a_user("olga", roles=["officer"])
    of_olga, of_ivan = signed_in(olga), signed_in(the_ivan(acme))

    enforced(acme)

    assert of_olga.get("/api/v1/me/").status_code in {401, 403}
    assert of_ivan.get("/api/v1/me/").status_code == 200


def test_break_glass_works_and_everybody_hears_of_it(acme: Namespace) -> None:
    enforced(acme)

    answer = by_password("ivan-acme")

    assert answer.status_code == 302
    assert events(acme, "break_glass.used") == 1
    assert mails(acme, "break_glass_used") == 1


def test_other_namespaces_are_not_concerned(acme: Namespace) -> None:
    eve = ivan(a_namespace("other"))
    enforced(acme)

    assert by_password(eve.login_name or "").status_code == 302


def test_the_only_way_in_cannot_be_broken_by_hand(acme: Namespace) -> None:
    enforced(acme)
    by: dict[str, Any] = {
        "ports": wiring.provider_ports(),
        "actor": actors.system(acme.pk),
        "now": timezone.now(),
    }
    with namespace_scope(acme.pk):
        provider = IdentityProvider.objects.get()
        with pytest.raises(ProviderEnforced):
            identity_providers.change(provider=provider, values={"enabled": False}, **by)
        with pytest.raises(ProviderEnforced):
            identity_providers.change(
                provider=provider, values={"metadata_xml": metadata_xml(a_key_pair("wrong"))}, **by
            )
        with pytest.raises(ProviderEnforced):
            identity_providers.remove(provider=provider, actor=by["actor"], now=by["now"])
        both = metadata_xml(a_key_pair(), a_key_pair("next"))
        identity_providers.change(provider=provider, values={"metadata_xml": both}, **by)


# --- the operator's way back


def recover(*arguments: str) -> str:
    out = StringIO()
    call_command("recover_access", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    "values",
    [{"want_messages_signed": True}, {"groups_attribute": "roles"}, {"max_validity_seconds": 60}],
)
def test_a_provider_that_is_held_to_other_checks_must_be_proved_anew(
    acme: Namespace, values: Any
) -> None:
    SAMLBrowser(acme).signed_in()
    with namespace_scope(acme.pk):
        provider = identity_providers.change(
            provider=IdentityProvider.objects.get(),
            values=values,
            ports=wiring.provider_ports(),
            actor=actors.system(acme.pk),
            now=timezone.now(),
        )

        assert provider.proved_at is None


def test_a_provider_whose_rules_changed_must_be_proved_anew(acme: Namespace) -> None:
    browser = SAMLBrowser(acme)
    browser.signed_in()
    with namespace_scope(acme.pk):
        rule = ClaimRule.objects.latest("position")
        claim_rules.change(
            rule=rule, values={"position": 900}, actor=actors.system(acme.pk), now=timezone.now()
        )
        assert IdentityProvider.objects.get().proved_at is None

    browser.signed_in()

    with namespace_scope(acme.pk):
        assert IdentityProvider.objects.get().proved_at is not None
        claim_rules.remove(rule=rule, actor=actors.system(acme.pk), now=timezone.now())
        assert IdentityProvider.objects.get().proved_at is None


def test_the_operator_opens_password_sign_in_again(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        a_user("olga", roles=["officer"])
    enforced(acme)

    said = recover("acme")

    assert "may sign in by password" in said
    assert by_password("olga").status_code == 302
    assert events(acme, "access.recovered") == 1
    assert events(acme, "single_sign_on.lifted") == 1
    assert mails(acme, "access_recovered") == 1
    with namespace_scope(acme.pk):
        assert not SingleSignOnEnforcement.objects.exists()


@pytest.mark.parametrize("login_name", ["ivan-acme", "rescue"])
def test_a_one_time_password_is_good_for_one_sign_in(acme: Namespace, login_name: str) -> None:
    password = recover("acme", "--login-name", login_name).split("an hour: ")[1].split()[0]

    assert by_password(login_name, password).status_code == 302
    assert by_password(login_name, password).status_code == 403
    assert events(acme, "one_time_password.used") == 1
    with namespace_scope(acme.pk):
        person = User.objects.get(login_name=login_name)
        assert [one.role.name for one in person.bindings.all()] == ["admin"]


def test_of_two_who_were_let_in_by_a_one_time_password_one_signs_in(acme: Namespace) -> None:
    now = timezone.now()
    with namespace_scope(acme.pk):
        enforcements.recover(login_name="ivan-acme", actor=actors.system(acme.pk), now=now)
        first, second = (User.objects.get(login_name="ivan-acme") for _ in range(2))
        actor = actors.system(acme.pk)

        enforcements.admit(user=first, network="", actor=actor, now=now)

        with pytest.raises(OneTimePasswordOver):
            enforcements.admit(user=second, network="", actor=actor, now=now)


def test_a_one_time_password_ends_after_an_hour(acme: Namespace) -> None:
    password = recover("acme", "--login-name", "ivan-acme").split("an hour: ")[1].split()[0]
    with namespace_scope(acme.pk):
        OneTimePassword.objects.update(expires_at=timezone.now())

    answer = by_password("ivan-acme", password)

    assert answer.status_code == 403
    assert "used or is too old" in answer.content.decode()


def test_a_password_set_afterwards_is_an_ordinary_one(acme: Namespace) -> None:
    recover("acme", "--login-name", "ivan-acme")
    with namespace_scope(acme.pk):
        users.set_password(
            user=the_ivan(acme), password=PASSWORD, actor=actors.system(), now=timezone.now()
        )

    assert by_password("ivan-acme").status_code == 302
    assert by_password("ivan-acme").status_code == 302


def test_an_unknown_namespace_is_said() -> None:
    with pytest.raises(CommandError, match="no namespace named nowhere"):
        recover("nowhere")


def test_the_admin_enforces_and_lifts_on_the_providers_page(acme: Namespace) -> None:
    SAMLBrowser(acme).signed_in()
    admin = signed_in(the_ivan(acme))
    with namespace_scope(acme.pk):
        pk = IdentityProvider.objects.get().pk
    page = f"/admin/federation/identityprovider/{pk}"
    assert "Allow this way in only" in admin.get(f"{page}/change/").content.decode()

    admin.post(f"{page}/do/enforce/", {"break_glass_user": str(the_ivan(acme).pk)})

    shown = admin.get(f"{page}/change/").content.decode()
    assert "Closed since" in shown
    assert "Allow passwords again" in shown
    admin.post(f"{page}/do/lift/")
    assert "Allowed for local users." in admin.get(f"{page}/change/").content.decode()


# --- over REST


def test_a_script_enforces_lifts_and_lets_a_provider_name_roles(acme: Namespace) -> None:
    script = Script(acme)
    with namespace_scope(acme.pk):
        provider = IdentityProvider.objects.get()
        olga = a_user("olga", roles=["officer"])
        reader = the_role("reader")
    address = f"identity-providers/{provider.pk}"
    holder = {"break_glass_user": str(the_ivan(acme).pk)}
    assert (
        script.post(f"{address}/enforce/", holder).json()["code"] == "identity_provider_not_proved"
    )
    SAMLBrowser(acme).signed_in()

    unfit = script.post(f"{address}/enforce/", {"break_glass_user": str(olga.pk)})
    assert unfit.json()["code"] == "break_glass_unfit"
    on = script.post(f"{address}/enforce/", holder).json()
    assert (on["enforced"], on["proved_at"] is not None) == (True, True)
    assert script.patch(f"{address}/", {"enabled": False}).json()["code"] == (
        "identity_provider_enforced"
    )
    assert script.post(f"{address}/lift/").json()["enforced"] is False

    named = script.post(f"{address}/name-roles/", {"roles": [str(reader.pk)]})
    assert named.status_code == 200, named.content
    with namespace_scope(acme.pk):
        assert PROVIDER_ARN in str(the_role("reader").trust_policy)
