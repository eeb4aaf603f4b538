"""While single sign-on is the only way in, the break-glass account stays what it is (T56)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from federation.models import IdentityProvider, OneTimePassword, SingleSignOnEnforcement
from federation.services import enforcements
from federation.services.enforcements import BreakGlassNeeded, BreakGlassUnfit
from governance.isolation.scopes import namespace_scope
from governance.kernel.refusals import Refusal
from governance.tenancy.models import Namespace, Policy, Role, RoleBinding, RolePolicy, User
from governance.tenancy.services import actors, roles, users
from tests.factories.federation_saml import an_identity_provider, the_walk_through
from tests.factories.rest import Script
from tests.factories.saml_sign_ins import SAMLBrowser
from tests.factories.scim import an_entra
from tests.factories.tenancy import a_namespace, a_user, ivan, signed_in, the_role

WAY_OUT = "Name another account on the identity provider's page, or allow passwords again"
STATEMENT = {"Effect": "Allow", "Action": "lakewarden:ReadUsage", "Resource": "*"}


@pytest.fixture
def acme() -> Namespace:
    """Single sign-on works here, Ivan could be the break-glass account, and so could Olga."""
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        the_walk_through(an_identity_provider())
        a_user("olga", roles=["admin"])
    ivan(acme)
    assert SAMLBrowser(acme).signed_in().status_code == 302
    return acme


def person(login_name: str = "ivan-acme") -> User:
    return User.objects.get(login_name=login_name)


def enforce(login_name: str = "ivan-acme") -> None:
    """In the open scope."""
    enforcements.enforce(
        provider=IdentityProvider.objects.get(),
        break_glass_user=person(login_name),
        actor=actors.system(),
        now=timezone.now(),
    )


def deactivate(script: Script) -> Any:
    return script.patch(f"users/{person().pk}/", {"active": False})


def take_the_role(script: Script) -> Any:
    return script.patch(f"users/{person().pk}/", {"roles": ["reader"]})


def empty_the_role(script: Script) -> Any:
    return script.patch(f"roles/{the_role('admin').pk}/", {"policies": ["lakewarden-reader"]})


def empty_the_policy(script: Script) -> Any:
    policy = Policy.objects.get(name="lakewarden-admin")
    return script.patch(
        f"policies/{policy.pk}/", {"document": {"Version": "2012-10-17", "Statement": [STATEMENT]}}
    )


def give_a_role_that_denies(script: Script) -> Any:
    """A denial beats whatever the other roles permit."""
    denied = {"Effect": "Deny", "Action": "lakewarden:*", "Resource": "*"}
    policy = Policy.objects.filter(name="nothing").first() or Policy.objects.create(
        name="nothing", document={"Version": "2012-10-17", "Statement": [denied]}
    )
    role = Role.objects.filter(name="nobody").first() or Role.objects.create(name="nobody")
    RolePolicy.objects.get_or_create(role=role, policy=policy)
    return script.patch(f"users/{person().pk}/", {"roles": ["admin", "nobody"]})


WEAKENED: list[Callable[[Script], Any]] = [
    *(deactivate, take_the_role, empty_the_role, empty_the_policy, give_a_role_that_denies)
]


@pytest.mark.django_db
@pytest.mark.parametrize("weaken", WEAKENED, ids=lambda one: str(one.__name__))
def test_over_rest_it_is_refused_with_the_way_out(
    acme: Namespace, weaken: Callable[[Script], Any]
) -> None:
    script = Script(acme)
    with namespace_scope(acme.pk):
        enforce()

        answer = weaken(script)

        assert (answer.status_code, answer.json()["code"]) == (409, "break_glass_needed")
        assert WAY_OUT in answer.json()["detail"]
        assert "ivan-acme" in answer.json()["detail"]
        assert enforcements.current() is not None
        assert person().is_active
        enforcements.lift(
            provider=IdentityProvider.objects.get(), actor=actors.system(), now=timezone.now()
        )
        assert weaken(script).status_code == 200


@pytest.mark.django_db
def test_in_the_admin_it_is_refused_with_the_way_out(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        enforce()
        holder, reader = person(), the_role("reader")
    browser = signed_in(holder)
    page = f"/admin/tenancy/user/{holder.pk}"

    pressed = browser.post(f"{page}/do/deactivate/", follow=True).content.decode()
    saved = browser.post(
        f"{page}/change/", {"email": "", "display_name": "Ivan", "roles": [str(reader.pk)]}
    ).content.decode()

    assert "break-glass account of this namespace" in pressed
    assert "break-glass account of this namespace" in saved
    with namespace_scope(acme.pk):
        assert person().is_active
        assert [one.role.name for one in person().bindings.all()] == ["admin"]


@pytest.mark.django_db
def test_nobody_elses_account_is_concerned(acme: Namespace) -> None:
    script = Script(acme)
    with namespace_scope(acme.pk):
        enforce()
        answer = script.patch(f"users/{person('olga').pk}/", {"roles": [], "active": False})

    assert answer.status_code == 200, answer.content


@pytest.mark.django_db
def test_another_account_takes_over_by_rest_and_frees_the_first(acme: Namespace) -> None:
    """Also when the provider would have to be proved anew: it is the only way in already."""
    script = Script(acme)
    with namespace_scope(acme.pk):
        enforce()
        provider = IdentityProvider.objects.get()
        IdentityProvider.objects.update(proved_at=None)
        address = f"identity-providers/{provider.pk}/enforce/"

        named = script.post(address, {"break_glass_user": str(person("olga").pk)})

        assert named.status_code == 200, named.content
        assert deactivate(script).status_code == 200


@pytest.mark.django_db
def test_another_account_takes_over_in_the_admin(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        enforce()
        holder, olga = person(), person("olga")
        pk = IdentityProvider.objects.get().pk
    browser = signed_in(holder)
    page = f"/admin/federation/identityprovider/{pk}"
    assert "Another break-glass account" in browser.get(f"{page}/change/").content.decode()

    browser.post(f"{page}/do/rename-break-glass/", {"break_glass_user": str(olga.pk)})

    assert "break-glass account: olga" in browser.get(f"{page}/change/").content.decode()


@pytest.mark.django_db
def test_its_role_may_be_exchanged_for_another_that_permits_it_too(acme: Namespace) -> None:
    script = Script(acme)
    twin = {"name": "admin-too", "policies": ["lakewarden-admin"]}
    with namespace_scope(acme.pk):
        enforce()
        assert script.post("roles/", twin).status_code == 201

        answer = script.patch(f"users/{person().pk}/", {"roles": ["admin-too"]})

        assert answer.status_code == 200, answer.content


@pytest.mark.django_db
def test_scim_cannot_reach_it(acme: Namespace) -> None:
    """A provider's client names people of that provider: the same name is somebody else."""
    with namespace_scope(acme.pk):
        enforce()
        entra = an_entra(IdentityProvider.objects.get())

    made = entra.user("ivan-acme")
    entra.patch(f"Users/{made}", {"op": "Replace", "path": "active", "value": "False"})
    entra.send("DELETE", f"Users/{made}")

    with namespace_scope(acme.pk):
        assert person().is_active


@pytest.mark.django_db
def test_it_cannot_be_deleted(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        enforce()
        with pytest.raises(ProtectedError):
            person().delete()
        with connections["default"].cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            with pytest.raises(IntegrityError), transaction.atomic():
                cursor.execute("DELETE FROM tenancy_user WHERE login_name = 'ivan-acme'")


@pytest.mark.django_db
def test_a_one_time_password_makes_no_break_glass_account(acme: Namespace) -> None:
    with namespace_scope(acme.pk):
        enforcements.recover(login_name="ivan-acme", actor=actors.system(), now=timezone.now())
        assert OneTimePassword.objects.exists()

        with pytest.raises(BreakGlassUnfit):
            enforce()


@pytest.mark.django_db
def test_one_that_was_broken_before_may_be_mended(acme: Namespace) -> None:
    """By SQL, or before there was this rule: then no change is refused for it."""
    script = Script(acme)
    with namespace_scope(acme.pk):
        enforce()
        RoleBinding.objects.filter(user=person()).delete()

        assert script.patch(f"users/{person().pk}/", {"roles": ["author"]}).status_code == 200
        assert script.patch(f"users/{person().pk}/", {"roles": ["admin"]}).status_code == 200
        assert deactivate(script).status_code == 409


# --- two at once


def set_inactive() -> None:
    users.set_active(user=person(), active=False, actor=actors.system(), now=timezone.now())


def set_reader() -> None:
    reader = [the_role("reader")]
    roles.set_manual(user=person(), roles=reader, actor=actors.system(), now=timezone.now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("weaken", [set_inactive, set_reader], ids=lambda one: str(one.__name__))
@pytest.mark.parametrize("first", ["enforce", "weaken"])
def test_of_naming_it_and_breaking_it_at_once_only_one_happens(
    acme: Namespace, weaken: Callable[[], None], first: str
) -> None:
    """The one that began waits with its transaction open until the other has begun too."""
    changed = threading.Event()

    def begun(change: Callable[[], None]) -> bool:
        try:
            with namespace_scope(acme.pk):
                change()
                changed.set()
                threading.Event().wait(0.5)
        except Refusal:
            return False
        finally:
            connections.close_all()
        return True

    def followed(change: Callable[[], None]) -> bool:
        changed.wait(5)
        try:
            with namespace_scope(acme.pk):
                change()
        except (BreakGlassNeeded, BreakGlassUnfit):
            return False
        finally:
            connections.close_all()
        return True

    one, other = (enforce, weaken) if first == "enforce" else (weaken, enforce)
    with ThreadPoolExecutor(max_workers=2) as pool:
        done = pool.submit(begun, one), pool.submit(followed, other)
        happened = [each.result() for each in done]

    assert happened == [True, False]
    with namespace_scope(acme.pk):
        assert SingleSignOnEnforcement.objects.exists() is (first == "enforce")
