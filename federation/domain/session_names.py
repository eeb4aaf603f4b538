"""What AWS claims amount to: roles, a session name, how long, which tags.

The limits are AWS's own (documentation, "Configure SAML assertions for the authentication
response").
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from federation.domain.attributes import CLAIMS_OF_AWS
from federation.domain.claims import Claims
from federation.domain.saml import ResponseRefused
from governance.kernel.arns import ROLE, SAML_PROVIDER

CLAIM_NAMES = frozenset(CLAIMS_OF_AWS)
TAG_PREFIX = "PrincipalTag:"
MOST_TAGS = 50
TAG_KEY = re.compile(r"[\w .:/=+\-@]{1,128}")
TAG_VALUE = re.compile(r"[\w .:/=+\-@]{0,256}")
SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
SHORTEST_SESSION, LONGEST_SESSION, USUAL_SESSION = 900, 43_200, 3_600


class NoRoleClaimed(ResponseRefused):
    code = "saml_no_role"
    sentence = (
        "No rule gives this person a role, and the identity provider named none. Nothing is "
        "granted by default: an administrator can look at the groups that arrived."
    )
    check = "role"


class RolePairInvalid(ResponseRefused):
    code = "saml_role_pair"
    sentence = (
        "A Role claim must be the ARN of a role and the ARN of this identity provider, joined "
        "by a comma: {what}."
    )
    check = "role"


class SessionNameInvalid(ResponseRefused):
    code = "saml_role_session_name"
    sentence = (
        "RoleSessionName must be one value of 2 to 64 letters, digits and _ + = , . @ -: {what}."
    )
    check = "session name"


class SessionDurationInvalid(ResponseRefused):
    code = "saml_session_duration"
    sentence = "SessionDuration must be a whole number of seconds from 900 to 43200."
    check = "session duration"


class PrincipalTagInvalid(ResponseRefused):
    code = "saml_principal_tag"
    sentence = "A principal tag breaks the limits of AWS ({what})."
    check = "tags"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What the claims ask for. `role_names` keeps their order and holds at least one."""

    role_names: tuple[str, ...]
    session_name: str = field(repr=False)
    session_seconds: int
    tags: Mapping[str, str] = field(repr=False)
    subject: str = field(repr=False, default="")


def is_tag_key(claim: str) -> bool:
    return claim.startswith(TAG_PREFIX) and bool(TAG_KEY.fullmatch(claim.removeprefix(TAG_PREFIX)))


def grant(*, claims: Claims, account_id: str, provider_arn: str) -> Grant:
    """The claims as a grant, or the refusal of the first that breaks AWS's rules."""
    pairs = [piece.strip() for piece in claims.values.get("Role", ()) if piece.strip()]
    if not pairs:
        raise NoRoleClaimed
    names = [role_name(pair, account_id=account_id, provider_arn=provider_arn) for pair in pairs]
    return Grant(
        role_names=tuple(dict.fromkeys(names)),
        session_name=session_name(claims.values.get("RoleSessionName", ())),
        session_seconds=session_seconds(claims.values.get("SessionDuration", ())),
        tags=principal_tags(claims.values),
        subject=claims.one("SAML_SUBJECT"),
    )


def role_name(pair: str, *, account_id: str, provider_arn: str) -> str:
    """The role's name of `role-arn,provider-arn`, in either order, of this account and provider.

    A role name may hold a comma, so the pair is cut where the second ARN begins.
    """
    first, separator, second = pair.partition(",arn:")
    pieces = (first.strip(), f"arn:{second}".strip()) if separator else (pair, "")
    roles = [found for piece in pieces if (found := ROLE.fullmatch(piece))]
    providers = [piece for piece in pieces if SAML_PROVIDER.fullmatch(piece)]
    if len(roles) != 1 or len(providers) != 1:
        raise RolePairInvalid(what="this is not such a pair")
    if providers[0] != provider_arn:
        differs = "only in case" if providers[0].lower() == provider_arn.lower() else "wholly"
        raise RolePairInvalid(what=f"the provider's ARN differs {differs} from {provider_arn}")
    if roles[0]["account"] != account_id:
        raise RolePairInvalid(what="the role is of another account")
    return roles[0]["name"]


def session_name(values: Sequence[str]) -> str:
    if len(values) != 1:
        raise SessionNameInvalid(what="there are several values" if values else "there is none")
    if not SESSION_NAME.fullmatch(values[0]):
        raise SessionNameInvalid(what="its length or a character does not fit")
    return values[0]


def label(*, role: str, session_name: str) -> str:
    """`Role/RoleSessionName`, as AWS calls the session of an assumed role."""
    return f"{role}/{session_name}"


def session_seconds(values: Sequence[str]) -> int:
    if not values:
        return USUAL_SESSION
    text = values[0].strip()
    if len(values) > 1 or not (text.isascii() and text.isdecimal()):
        raise SessionDurationInvalid
    seconds = int(text[:12])
    if not SHORTEST_SESSION <= seconds <= LONGEST_SESSION:
        raise SessionDurationInvalid
    return seconds


def principal_tags(values: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for claim, found in values.items():
        if not claim.startswith(TAG_PREFIX):
            continue
        if not is_tag_key(claim):
            raise PrincipalTagInvalid(what="a key")
        if len(found) != 1 or not TAG_VALUE.fullmatch(found[0]):
            raise PrincipalTagInvalid(what="a value")
        tags[claim.removeprefix(TAG_PREFIX)] = found[0]
    if len(tags) > MOST_TAGS:
        raise PrincipalTagInvalid(what=f"more than {MOST_TAGS}")
    return tags
