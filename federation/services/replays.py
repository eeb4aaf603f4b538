"""The memory of used messages: each counts once, whatever is wrapped around it."""

from datetime import datetime, timedelta

from federation.domain.digests import digest_of
from federation.domain.logouts import ReceivedRequest
from federation.domain.saml import ResponseRefused, VerifiedAssertion
from federation.models import ConsumedAssertion
from governance.isolation import insertions
from governance.isolation.scopes import current_namespace_id


class AssertionReplayed(ResponseRefused):
    code = "saml_assertion_replayed"
    sentence = "This sign-in response was used already. Begin again."
    check = "replay"


class LogoutReplayed(ResponseRefused):
    code = "saml_logout_replayed"
    sentence = "This logout message was used already, and obeyed then. There is nothing to do."
    check = "replay"


def forget(*, now: datetime) -> None:
    """Those that time alone refuses by now."""
    ConsumedAssertion.objects.filter(expires_at__lte=now).delete()


def use_up(assertion: VerifiedAssertion) -> None:
    """Remember the assertion until time alone refuses it. Raises AssertionReplayed."""
    text = f"{len(assertion.issuer)}:{assertion.issuer}{assertion.assertion_id}"
    if not _is_new(text, until=assertion.usable_until):
        raise AssertionReplayed


def use_up_logout(request: ReceivedRequest, *, skew: timedelta) -> None:
    """Remember the logout request until time alone refuses it. Raises LogoutReplayed."""
    text = f"logout:{len(request.issuer)}:{request.issuer}{request.message_id}"
    if not _is_new(text, until=request.usable_until(skew=skew)):
        raise LogoutReplayed


def _is_new(text: str, *, until: datetime) -> bool:
    """The unique row decides between two at once."""
    row = ConsumedAssertion(
        namespace_id=current_namespace_id(), digest=digest_of(text), expires_at=until
    )
    return insertions.insert_once(row)
