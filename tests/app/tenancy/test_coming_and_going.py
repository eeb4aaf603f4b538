"""People are provisioned by their provider's subject, and ended everywhere at once."""

from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.actions import Action
from governance.kernel.permissions import allows
from governance.tenancy.auth_backends import LocalBackend
from governance.tenancy.domain.people import ProvidedPerson
from governance.tenancy.models import Namespace, RoleBinding, User
from governance.tenancy.services import actors, namespaces, sessions, tokens, users
from tests.factories import tenancy

pytestmark = pytest.mark.django_db
PROVIDER = uuid4()


@pytest.fixture
def namespace() -> Namespace:
    return tenancy.a_namespace()


def person(subject: str = "joe@x", *, username: str = "author/joe") -> ProvidedPerson:
    return ProvidedPerson(
        source="saml",
        provider_id=PROVIDER,
        subject=subject,
        username=username,
        email="joe@customer.example",
    )


def provisioned(*roles: str, who: ProvidedPerson | None = None) -> User:
    return users.provision(
        person=who or person(),
        roles=[tenancy.the_role(role) for role in roles],
        actor=actors.system(),
        now=timezone.now(),
    )


def roles_of(user: User) -> set[str]:
    return set(RoleBinding.objects.filter(user=user).values_list("role__name", flat=True))


def test_the_same_subject_is_the_same_person_under_a_new_name(namespace: Namespace) -> None:
    with namespace_scope(namespace.pk):
        first = provisioned("author")
        second = provisioned("reader", who=person(username="reader/joe"))

        assert first.pk == second.pk
        assert second.username == "reader/joe"
        assert [change.username for change in second.former_usernames.all()] == ["author/joe"]


def test_the_same_email_under_another_subject_is_another_person(namespace: Namespace) -> None:
    with namespace_scope(namespace.pk):
        assert provisioned().pk != provisioned(who=person("joe2@x")).pk


def test_a_role_that_the_provider_no_longer_gives_is_lost_and_one_given_by_hand_stays(
    namespace: Namespace,
) -> None:
    with namespace_scope(namespace.pk):
        user = provisioned("admin", "author")
        RoleBinding.objects.create(user=user, role=tenancy.the_role("officer"))

        provisioned("reader")

        assert roles_of(user) == {"reader", "officer"}


def test_a_deactivated_person_is_refused(namespace: Namespace) -> None:
    with namespace_scope(namespace.pk):
        user = provisioned("author")
        users.set_active(user=user, active=False, actor=actors.system(), now=timezone.now())

        with pytest.raises(users.UserInactive):
            provisioned("author")


def test_a_namespace_does_not_find_the_subject_of_another(namespace: Namespace) -> None:
    other = tenancy.a_namespace("other")
    with namespace_scope(namespace.pk):
        mine = provisioned("author")
    with namespace_scope(other.pk):
        theirs = provisioned("author")

    assert mine.pk != theirs.pk


def test_deactivating_ends_sessions_and_tokens_at_once(namespace: Namespace) -> None:
    with namespace_scope(namespace.pk):
        uma = tenancy.a_user("uma", roles=["author"])
        token, _ = tokens.create(
            name="t",
            scopes=["usage:read"],
            actor=tenancy.an_actor(uma),
            now=timezone.now(),
        )
        browser = tenancy.signed_in(uma)
        session = tenancy.the_session(uma)

        users.set_active(user=uma, active=False, actor=actors.system(), now=timezone.now())

        assert sessions.live(session_id=session.pk, now=timezone.now()) is None
        assert tokens.live(token_id=token.pk, now=timezone.now()) is None
    assert session_is_gone(browser)


def session_is_gone(browser: Client) -> bool:
    browser.get("/healthz")
    return sessions.BINDING not in browser.session


def test_losing_the_role_ends_the_sessions_in_it(namespace: Namespace) -> None:
    with namespace_scope(namespace.pk):
        user = provisioned("author")
        tenancy.signed_in(user, role="author")
        session = tenancy.the_session(user)

        provisioned("reader")

        assert sessions.live(session_id=session.pk, now=timezone.now()) is None


def test_one_can_switch_only_to_a_role_one_holds(namespace: Namespace) -> None:
    with namespace_scope(namespace.pk):
        uma = tenancy.a_user("uma", roles=["author", "reader"])
        tenancy.signed_in(uma, role="author")
        session = tenancy.the_session(uma)
        actor, now = tenancy.an_actor(uma), timezone.now()

        switched = sessions.switch_role(
            session=session, role_id=tenancy.the_role("reader").pk, actor=actor, now=now
        )
        with pytest.raises(sessions.RoleNotHeld):
            sessions.switch_role(
                session=session, role_id=tenancy.the_role("admin").pk, actor=actor, now=now
            )

    assert switched.role is not None
    assert switched.role.name == "reader"


def test_no_role_grants_nothing(namespace: Namespace) -> None:
    with namespace_scope(namespace.pk):
        nobody = tenancy.an_actor(tenancy.a_user("nil"))

    assert not any(allows(actor=nobody, action=action) for action in Action)


def test_presets_part_asking_from_deciding(namespace: Namespace) -> None:
    with namespace_scope(namespace.pk):
        ivan = tenancy.an_actor(tenancy.a_user("ivan", roles=["admin"]))
        olga = tenancy.an_actor(tenancy.a_user("olga", roles=["officer"]))

    assert allows(actor=ivan, action=Action.REQUEST_ERASURE)
    assert not allows(actor=ivan, action=Action.APPROVE_ERASURE)
    assert allows(actor=olga, action=Action.APPROVE_ERASURE)
    assert not allows(actor=olga, action=Action.REQUEST_ERASURE)


def test_a_token_rests_while_its_maker_may_not_do_all_of_it(namespace: Namespace) -> None:
    with namespace_scope(namespace.pk):
        ivan = tenancy.a_user("ivan", roles=["admin", "reader"])
        made, _ = tokens.create(
            name="deploy",
            scopes=["federation:write"],
            actor=tenancy.an_actor(ivan),
            now=timezone.now(),
        )
        binding = RoleBinding.objects.get(user=ivan, role__name="admin")

        binding.delete()
        demoted = tokens.live(token_id=made.pk, now=timezone.now())
        binding.save(force_insert=True)
        restored = tokens.live(token_id=made.pk, now=timezone.now())

    assert demoted is None
    assert restored is not None


def test_a_token_may_what_its_scopes_say_and_never_approves(namespace: Namespace) -> None:
    with namespace_scope(namespace.pk):
        token, text = tokens.create(
            name="t", scopes=["purge:write"], actor=actors.system(), now=timezone.now()
        )
        actor = actors.for_token(token)

    assert text not in (token.digest, token.prefix)
    assert allows(actor=actor, action=Action.REQUEST_ERASURE)
    assert not allows(actor=actor, action=Action.READ_USERS)
    assert not allows(actor=actor, action=Action.APPROVE_ERASURE)


@pytest.mark.parametrize(
    ("scopes", "days", "pointer"),
    [
        ([], 30, "/scopes"),
        (["purge:approve"], 30, "/scopes/0"),
        (["usage:read", "nonsense"], 30, "/scopes/1"),
        (["scim"], 30, "/scopes"),
        (["usage:read"], 366, "/days"),
        (["usage:read"], 0, "/days"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused_with_the_field_named(
    namespace: Namespace, scopes: list[str], days: int, pointer: str
) -> None:
    with namespace_scope(namespace.pk), pytest.raises(tokens.TokenInvalid) as refused:
        tokens.create(name="t", scopes=scopes, days=days, actor=actors.system(), now=timezone.now())

    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_login_names_are_unique_over_the_installation(namespace: Namespace) -> None:
    other = tenancy.a_namespace("other")
    with namespace_scope(namespace.pk):
        tenancy.a_user("uma")

    with namespace_scope(other.pk), pytest.raises(users.LoginNameTaken):
        tenancy.a_user("uma")


def test_a_local_person_signs_in_by_login_name_and_password(namespace: Namespace) -> None:
    with namespace_scope(namespace.pk):
        uma = tenancy.a_user("uma")
        users.set_active(
            user=tenancy.a_user("gone"), active=False, actor=actors.system(), now=timezone.now()
        )
    backend = LocalBackend()

    assert backend.authenticate(None, username="uma", password=tenancy.PASSWORD) == uma
    for name, password in (
        ("uma", "wrong"),
        ("uma", ""),
        ("nobody", tenancy.PASSWORD),
        ("gone", tenancy.PASSWORD),
    ):
        assert backend.authenticate(None, username=name, password=password) is None


def test_ids_are_version_seven(namespace: Namespace) -> None:
    assert isinstance(namespace.pk, UUID)
    assert namespace.pk.version == 7


@pytest.mark.parametrize("name", ["", ".", "..", "a b", "a/b", "é", "x" * 65])
def test_a_namespace_has_a_plain_name_that_is_no_way_up(name: str) -> None:
    with system_scope("test"), pytest.raises(namespaces.NamespaceInvalid) as refused:
        namespaces.create(
            name=name, account_id="253914981264", actor=actors.system(), now=timezone.now()
        )

    assert [error.pointer for error in refused.value.errors] == ["/name"]
