"""Where the person wants to hear of the outcome: sealed until they were told, then gone."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from governance.kernel.personal import Personal
from governance.secrets import sealing
from purge.domain.erasure import State, is_final
from purge.models import ErasureRequest
from purge.services import free_texts

# A mail server that is away for longer than this leaves the person untold, and unknown.
KEPT_AFTER_THE_END = timedelta(days=3)


def seal(request: ErasureRequest, address: str) -> None:
    """Raises RequestInvalid for what is no address. The value enters no message."""
    address = address.strip()
    if address:
        try:
            validate_email(address)
        except ValidationError as error:
            raise free_texts.wrong("/contact", "this is not an email address") from error
    sealing.put(request, "contact", address)


def of(request: ErasureRequest) -> Personal[str] | None:
    return sealing.get(request, "contact")


def has_news(request: ErasureRequest) -> bool:
    """Whether there is an outcome to tell. One that failed is tried again: it is none."""
    return bool(request.contact) and request.state != State.FAILED


def forget(request: ErasureRequest) -> None:
    """Destroy the address, once the end was told. Before the end it is kept."""
    if is_final(State(request.state)):
        request.contact = ""
        request.save(update_fields=["contact", "updated_at"])


def forget_untold(*, now: datetime) -> int:
    """Destroy addresses of erasures that ended days ago, told or not. How many."""
    return (
        ErasureRequest.objects.filter(finished_at__lt=now - KEPT_AFTER_THE_END)
        .exclude(contact="")
        .update(contact="")
    )
