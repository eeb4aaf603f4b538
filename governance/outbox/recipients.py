"""Whose address an email goes to, read at the moment of sending and never from a request."""

from django.contrib.auth import get_user_model

from governance.kernel.personal import Personal


def recipient_of(user_id: str) -> Personal[str] | None:
    """The active user's present address, or None."""
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    return None if user is None else Personal(user.email)
