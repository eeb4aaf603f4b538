r"""What a person types as a user name: `user`, `user@domain`, `DOMAIN\user`.

All spellings of one person are one account for the throttle, so they are brought to one form
here, before anything is counted or looked up.
"""

import unicodedata
from dataclasses import dataclass

from governance.kernel.personal import Personal

LONGEST_NAME = 256
LONGEST_PASSWORD = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginName:
    """One account name, split. `domain` is empty where a plain user name was given.

    `user` keeps its case, for directories that mind; `account` is what counters are kept by.
    """

    user: Personal[str]
    domain: str

    @property
    def account(self) -> Personal[str]:
        """Without case and accents: Active Directory takes `josé` and `JOSE` for one account."""
        apart = unicodedata.normalize("NFKD", self.user.reveal().casefold())
        plain = "".join(c for c in apart if not unicodedata.combining(c))
        return Personal("".join(plain.split()))


def parse(text: object) -> LoginName | None:
    """The login name in `text`, or None where it is none (blank, too long, control characters).

    The input comes from the wire: anything but a string is no name.
    """
    if not isinstance(text, str):
        return None
    name = unicodedata.normalize("NFKC", text).strip()
    if not name or len(name) > LONGEST_NAME or has_control_characters(name):
        return None
    user, domain = _split(name)
    if not user:
        return None
    return LoginName(user=Personal(user), domain=domain.casefold())


def is_password(password: object) -> bool:
    """Whether this may be sent to a directory at all.

    A directory answers a bind with an empty password as an anonymous success (RFC 4513 5.1.2),
    and some cut it at a NUL; both are refused before any bind.
    """
    return (
        isinstance(password, str)
        and bool(password.strip())
        and "\0" not in password
        and len(password) <= LONGEST_PASSWORD
    )


def has_control_characters(text: str) -> bool:
    return any(unicodedata.category(character) == "Cc" for character in text)


def _split(name: str) -> tuple[str, str]:
    if "\\" in name:
        domain, _, user = name.partition("\\")
        return user.strip(), domain.strip()
    if "@" in name:
        user, _, domain = name.rpartition("@")
        return user.strip(), domain.strip()
    return name, ""
