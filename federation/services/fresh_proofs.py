"""Step-up by single sign-on: the same person, asked again by the same provider (threat T55).

The answer opens a session anew, under a new key, and the one that it proves again ends.
"""

from datetime import datetime, timedelta

from federation.domain.saml import ResponseRefused, VerifiedAssertion
from federation.models import SignInRequest
from governance.tenancy.models import Role, User, UserSession
from governance.tenancy.services import sessions


class SessionOver(ResponseRefused):
    code = "saml_session_over"
    sentence = "The session that was to be proved again has ended. Begin at the sign-in page."
    check = "session"


class OtherPerson(ResponseRefused):
    code = "saml_other_person"
    sentence = (
        "Somebody else answered: the session belongs to another account of this identity "
        "provider. Sign in there as the person who is signed in here."
    )
    check = "person"


class NotAskedAgain(ResponseRefused):
    code = "saml_not_asked_again"
    sentence = (
        "The identity provider relied on an earlier sign-in instead of asking again "
        "(ForceAuthn). Sign out there, then try once more."
    )
    check = "fresh authentication"


def session_of(
    asked: SignInRequest | None, *, assertion: VerifiedAssertion, now: datetime
) -> UserSession | None:
    """The session that the request was to prove again; None for an ordinary sign-in.

    Raises SessionOver, OtherPerson, or NotAskedAgain where the provider only remembered.
    """
    if asked is None or asked.session_id is None:
        return None
    session = sessions.live(session_id=asked.session_id, now=now)
    if session is None:
        raise SessionOver
    if (session.provider_id, session.name_id) != (asked.identity_provider_id, assertion.name_id):
        raise OtherPerson
    # AuthnInstant is written in whole seconds by most, and by the provider's clock.
    skew = timedelta(seconds=asked.identity_provider.clock_skew_seconds)
    if assertion.authenticated_at < asked.created_at - skew:
        raise NotAskedAgain
    return session


def role_to_keep(session: UserSession | None, *, user: User) -> Role | None:
    """The role that the person was in, if it is still theirs after this sign-in."""
    if session is None or session.role_id is None or session.user_id != user.pk:
        return None
    return sessions.roles_open_to(session).filter(pk=session.role_id).first()


def replace(session: UserSession | None, *, now: datetime) -> None:
    """End the session that the new one stands in for."""
    if session is not None:
        sessions.end(session=session, reason="proved again", now=now)
