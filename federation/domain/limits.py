"""AWS's limits on what claims say, each checked by itself: which value would break which.

A sign-in stops at the first; the simulator and the test page show all (AWS documentation,
"Configure SAML assertions for the authentication response", and the IAM and STS quotas).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from federation.domain.claims import Claims
from federation.domain.session_names import (
    LONGEST_SESSION,
    MOST_TAGS,
    SESSION_NAME,
    SHORTEST_SESSION,
    TAG_KEY,
    TAG_PREFIX,
    TAG_VALUE,
)
from governance.kernel.arns import ROLE, SAML_PROVIDER

SHORTEST_ARN, LONGEST_ARN = 20, 2_048
LONGEST_ROLE_NAME = 64
PAIR = re.compile(r"\s*(arn:.+?),\s*(arn:.+?)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitCheck:
    """One limit and one claim. The sentence names no value: values are shown beside it."""

    claim: str
    ok: bool
    sentence: str


def checked(*, claims: Claims) -> tuple[LimitCheck, ...]:
    """Every limit that applies to the claims that are there."""
    values = claims.values
    found = [
        *_roles(values.get("Role", ())),
        *_names("RoleSessionName", values.get("RoleSessionName", ()), needed=True),
        *_names("SourceIdentity", values.get("SourceIdentity", ()), needed=False),
        *_duration(values.get("SessionDuration", ())),
    ]
    tags = {name: given for name, given in values.items() if name.startswith(TAG_PREFIX)}
    for name, given in tags.items():
        found.extend(_tag(name, given))
    if tags:
        sentence = f"{len(tags)} of at most {MOST_TAGS} tags."
        found.append(LimitCheck(claim="PrincipalTag", ok=len(tags) <= MOST_TAGS, sentence=sentence))
    keys = {name.removeprefix(TAG_PREFIX) for name in tags}
    for key in values.get("TransitiveTagKeys", ()):
        sentence = "Names a tag that is there." if key in keys else "Names a tag that is not there."
        found.append(LimitCheck(claim="TransitiveTagKeys", ok=key in keys, sentence=sentence))
    return tuple(found)


def _roles(pairs: Sequence[str]) -> Iterator[LimitCheck]:
    if not pairs:
        yield LimitCheck(claim="Role", ok=False, sentence="There is none.")
    for pair in pairs:
        split = PAIR.fullmatch(pair)
        if split is None:
            yield LimitCheck(claim="Role", ok=False, sentence="It is not two ARNs and a comma.")
            continue
        sizes = all(SHORTEST_ARN <= len(arn) <= LONGEST_ARN for arn in split.groups())
        yield LimitCheck(
            claim="Role",
            ok=sizes,
            sentence=f"ARNs have {SHORTEST_ARN} to {LONGEST_ARN} characters.",
        )
        roles = [role for arn in split.groups() if (role := ROLE.fullmatch(arn.strip()))]
        providers = [arn for arn in split.groups() if SAML_PROVIDER.fullmatch(arn.strip())]
        ok = len(roles) == len(providers) == 1 and len(roles[0]["name"]) <= LONGEST_ROLE_NAME
        sentence = f"One is a role's, its name of at most {LONGEST_ROLE_NAME}; one a provider's."
        yield LimitCheck(claim="Role", ok=ok, sentence=sentence)


def _names(claim: str, given: Sequence[str], *, needed: bool) -> Iterator[LimitCheck]:
    if not given and not needed:
        return
    yield LimitCheck(
        claim=claim, ok=len(given) == 1, sentence=f"One value is needed, {len(given)} arrived."
    )
    for value in given[:1]:
        sentence = f"2 to 64 of letters, digits and _ + = , . @ -; this has {len(value)}."
        yield LimitCheck(claim=claim, ok=bool(SESSION_NAME.fullmatch(value)), sentence=sentence)


def _duration(given: Sequence[str]) -> Iterator[LimitCheck]:
    if not given:
        return
    text = given[0].strip()
    number = text.isascii() and text.isdecimal() and len(text) < len("1000000")
    ok = len(given) == 1 and number and SHORTEST_SESSION <= int(text) <= LONGEST_SESSION
    sentence = f"One whole number of seconds from {SHORTEST_SESSION} to {LONGEST_SESSION}."
    yield LimitCheck(claim="SessionDuration", ok=ok, sentence=sentence)


def _tag(name: str, given: Sequence[str]) -> Iterator[LimitCheck]:
    key = name.removeprefix(TAG_PREFIX)
    yield LimitCheck(
        claim=name,
        ok=bool(TAG_KEY.fullmatch(key)),
        sentence=f"A key has 1 to 128 plain characters; this has {len(key)}.",
    )
    ok = len(given) == 1 and bool(TAG_VALUE.fullmatch(given[0]))
    length = len(given[0]) if given else 0
    sentence = f"One value of at most 256 plain characters; this has {length}."
    yield LimitCheck(claim=name, ok=ok, sentence=sentence)
