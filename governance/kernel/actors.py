"""Who acts: a person in a session, a token, or the system itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from governance.kernel.policies import Policy


class ActorKind(StrEnum):
    PERSON = "person"
    TOKEN = "token"  # noqa: S105 - the name of a kind, not a secret
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, and what policies decide about them.

    `username` is the label of a person (`Role/RoleSessionName`), which policies may name.
    `namespace_id` is None only for platform administrators and the system. `user_id` is the
    person behind a session or the owner of a token. `network` is an address prefix (never a
    whole address). `authenticated_at` is when a person last proved who they are: step-up
    checks read it. `tags` are the session's principal tags.
    """

    kind: ActorKind
    namespace_id: UUID | None
    user_id: UUID | None = None
    token_id: UUID | None = None
    role_id: UUID | None = None
    role_name: str = ""
    username: str = ""
    policies: tuple[Policy, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    network: str = ""
    authenticated_at: datetime | None = None

    @property
    def is_platform(self) -> bool:
        """Whether this acts for the whole installation: no namespace bounds it.

        A platform administrator, or the system, which commands of the operator act as.
        """
        return self.namespace_id is None
