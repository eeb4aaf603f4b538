"""Browser sessions in the database, written once a sign-in.

Django asks whether a fresh key is taken, inserts an empty row under it and updates that row when
the answer leaves. A key is 32 random letters and digits, so nobody needs to ask, and the one
INSERT at the end says if it was taken after all.
"""

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.utils.crypto import get_random_string

KEY_LENGTH = 32


class SessionStore(db.SessionStore):
    """As Django's, but a new session has no row before it is saved."""

    def create(self) -> None:
        self._session_key = get_random_string(KEY_LENGTH, VALID_KEY_CHARS)
        self._is_new = True
        self.modified = True

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        if self.session_key is None:
            self.create()
        super().save(must_create=must_create or getattr(self, "_is_new", False))
        self._is_new = False
