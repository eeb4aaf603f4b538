"""Rendering an email at the moment it is sent, to the address that is right at that moment."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string

from governance.kernel.personal import Personal
from governance.kernel.refusals import NotFound
from governance.outbox.models import OutboxMessage
from governance.outbox.ports import Email
from governance.outbox.recipients import recipient_of


class RecipientGone(NotFound):
    code = "recipient_gone"
    sentence = "The person this email was for is gone, inactive, or has no address."


def rendered(message: OutboxMessage) -> Email:
    """The message as an email. Raises RecipientGone where nobody is left to receive it."""
    user_id, address = message.payload["to_user_id"], message.payload["to_address"]
    recipient = recipient_of(user_id) if user_id else Personal(address)
    if recipient is None or not recipient.reveal():
        raise RecipientGone
    context = {
        **_on_one_line(message.payload["context"]),
        "public_url": settings.PUBLIC_URL,
        "namespace": str(message.namespace) if message.namespace_id else "",
    }
    subject = render_to_string(f"{message.name}.subject.txt", context)
    return Email(
        message_id=f"<{message.pk}@{urlsplit(settings.PUBLIC_URL).hostname}>",
        to=recipient,
        subject=" ".join(subject.split()),
        text=_tidied(render_to_string(f"{message.name}.txt", context)),
        html=render_to_string(f"{message.name}.html", context),
    )


def _on_one_line(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Names are typed by people: none may write a line of its own into the text part."""
    match value:
        case str():
            return " ".join(value.split())
        case dict():
            return {name: _on_one_line(one) for name, one in value.items()}
        case list():
            return [_on_one_line(one) for one in value]
        case _:
            return value


def _tidied(text: str) -> str:
    """At most one empty line between two: what a template leaves out leaves no gap."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
