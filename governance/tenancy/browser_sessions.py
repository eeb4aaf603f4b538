"""Browser sessions in the database, written once a sign-in.

Django asks whether a fresh key is taken, inserts an empty row under it and updates that row when
the answer leaves. A key is 160 random bits, so nobody needs to ask, and the one INSERT at the end
says if it was taken after all.
"""

import secrets

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import CreateError

from governance.isolation import insertions

KEY_BYTES = 20


class SessionStore(db.SessionStore):
    """As Django's, but a new session has no row before it is saved, and is not saved in vain.

    A sign-in saves it in its own transaction; what the answer saves is then the same.
    """

    _is_new = False
    _saved: tuple[str | None, bytes] | None = None

    def create(self) -> None:
        self._session_key = secrets.token_hex(KEY_BYTES)
        self._is_new = True
        self.modified = True

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        if self.session_key is None:
            self.create()
        content = dict(self.items())
        saving = (self.session_key, self.serializer().dumps(content))
        if must_create or self._is_new:
            if not insertions.insert_once(self.create_model_instance(content)):
                raise CreateError
            self._is_new = False
        elif saving != self._saved:
            super().save()
        self._saved = saving
