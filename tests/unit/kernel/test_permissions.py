"""The one question that every entrance asks."""

from uuid import uuid4

import pytest

from governance.kernel.actions import Action
from governance.kernel.actors import Actor, ActorKind
from governance.kernel.identifiers import new_id
from governance.kernel.permissions import PermissionDenied, allows, decision, require
from governance.kernel.policies import Policy, Reason
from governance.tenancy.domain import presets


def an_actor(*names: presets.Preset, kind: ActorKind = ActorKind.PERSON) -> Actor:
    return Actor(
        kind=kind,
        namespace_id=uuid4(),
        policies=tuple(Policy.parse(name=name, document=presets.DOCUMENTS[name]) for name in names),
    )


def test_an_actor_without_policies_may_nothing() -> None:
    assert not any(allows(actor=an_actor(), action=action) for action in Action)


def test_a_permission_names_the_statement_that_gave_it() -> None:
    decided = require(actor=an_actor(presets.Preset.AUTHOR), action=Action.RUN_QUERY)

    assert decided.statement == "author/QueryAndShare"


def test_a_refusal_names_the_action_and_the_reason() -> None:
    with pytest.raises(PermissionDenied) as caught:
        require(actor=an_actor(presets.Preset.READER), action=Action.RUN_QUERY)

    assert str(caught.value) == (
        "You may not run a query here: no role of yours allows it. Ask an administrator for "
        "a role that permits lakewarden:RunQuery."
    )


def test_policies_of_several_roles_add_up() -> None:
    actor = an_actor(presets.Preset.ADMIN, presets.Preset.OFFICER)

    assert allows(actor=actor, action=Action.APPROVE_ERASURE)
    assert allows(actor=actor, action=Action.MANAGE_USERS)


def test_the_system_may_everything_by_no_policy() -> None:
    decided = decision(actor=an_actor(kind=ActorKind.SYSTEM), action=Action.APPROVE_ERASURE)

    assert decided.allowed
    assert decided.reason is Reason.SYSTEM


@pytest.mark.parametrize("kind", ActorKind)
def test_who_belongs_to_no_namespace_is_of_the_platform(kind: ActorKind) -> None:
    assert Actor(kind=kind, namespace_id=None).is_platform
    assert not an_actor(kind=kind).is_platform


def test_identifiers_sort_by_the_time_they_were_made() -> None:
    made = [new_id() for _ in range(200)]

    assert made == sorted(made)
    assert {each.version for each in made} == {7}
