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


def use_up(assertion: VerifiedAssertion, *, now: datetime) -> None:
    """Remember the assertion until time alone refuses it. The unique row decides races."""
    text = f"{len(assertion.issuer)}:{assertion.issuer}{assertion.assertion_id}"
    ConsumedAssertion.objects.filter(expires_at__lte=now).delete()
    try:
        with transaction.atomic():
            ConsumedAssertion.objects.create(
                digest=hashlib.sha256(text.encode()).hexdigest(),
                expires_at=assertion.usable_until,
            )
    except IntegrityError as error:
        raise AssertionReplayed from error
