"""Which adapter stands behind each port of the outbox."""

from governance.outbox.adapters.django_mailer import DjangoMailer
from governance.outbox.ports import Mailer


def mailer() -> Mailer:
    return DjangoMailer()
