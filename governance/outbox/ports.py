"""What the outbox needs from outside: somebody who sends an email."""

from dataclasses import dataclass
from typing import Protocol

from governance.kernel.personal import Personal


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """A rendered email.

    `message_id` is stable over repeats, so that a receiver can drop a double.
    """

    message_id: str
    to: Personal[str]
    subject: str
    text: str
    html: str


class Mailer(Protocol):
    def send(self, email: Email) -> None:
        """Hand the email to the mail server. Raises Unavailable where that fails."""
