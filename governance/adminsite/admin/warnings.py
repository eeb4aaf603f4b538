"""What the platform's own rooms bring to the admin's first page."""

from collections.abc import Iterator

from django.http import HttpRequest
from django.urls import reverse

from governance.adminsite.attention import Attention, Urgency
from governance.adminsite.callers import may
from governance.kernel.actions import Action
from governance.outbox.models import MessageState, OutboxMessage


def given_up(request: HttpRequest) -> Iterator[Attention]:
    """Jobs and emails that no worker tries any more."""
    if not may(request, Action.READ_JOBS):
        return
    count = OutboxMessage.objects.filter(state=MessageState.DEAD).count()
    if count:
        noun = "job or email was" if count == 1 else "jobs or emails were"
        yield Attention(
            urgency=Urgency.DANGER,
            word="Given up",
            sentence=f"{count} {noun} given up after the last attempt.",
            link=f"{reverse('admin:outbox_outboxmessage_changelist')}?state__exact=dead",
            link_text="Look at them",
        )
