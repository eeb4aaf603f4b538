"""The memory of used assertions: each counts once, whatever is wrapped around it."""

import hashlib
from datetime import datetime

from django.db import IntegrityError, transaction

from federation.domain.saml import ResponseRefused, VerifiedAssertion
from federation.models import ConsumedAssertion


class AssertionReplayed(ResponseRefused):
    code = "saml_assertion_replayed"
    sentence = "This sign-in response was used already. Begin again."
    check = "replay"


def forget(*, now: datetime) -> None:
    """Those that time alone refuses by now."""
    ConsumedAssertion.objects.filter(expires_at__lte=now).delete()


def use_up(assertion: VerifiedAssertion) -> None:
    """Remember the assertion until time alone refuses it. The unique row decides races."""
    text = f"{len(assertion.issuer)}:{assertion.issuer}{assertion.assertion_id}"
    try:
        with transaction.atomic():
            ConsumedAssertion.objects.create(
                digest=hashlib.sha256(text.encode()).hexdigest(),
                expires_at=assertion.usable_until,
            )
    except IntegrityError as error:
        raise AssertionReplayed from error
