"""Sends emails through Django's configured mail backend (setting EMAIL_URL)."""

import smtplib

from django.core.mail import EmailMultiAlternatives

from governance.kernel.refusals import Unavailable
from governance.outbox.ports import Email


class MailServerUnavailable(Unavailable):
    code = "mail_server_unavailable"
    sentence = "The mail server did not take the message ({why}). It will be tried again."


class DjangoMailer:
    """A Mailer over Django's mail backend."""

    def send(self, email: Email) -> None:
        message = EmailMultiAlternatives(
            subject=email.subject,
            body=email.text,
            to=[email.to.reveal()],
            headers={"Message-ID": email.message_id, "Auto-Submitted": "auto-generated"},
        )
        message.attach_alternative(email.html, "text/html")
        try:
            message.send()
        except (smtplib.SMTPException, OSError) as error:
            raise MailServerUnavailable(why=type(error).__name__) from error
