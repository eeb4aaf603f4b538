"""Values that a document does not hold: it says where they are, in the environment or in a file.

bind_password: {from_environment: LDAP_PASSWORD}
metadata_xml: {from_file: azure.xml}
"""

import os
from collections.abc import Mapping
from pathlib import Path

ENVIRONMENT, FILE = "from_environment", "from_file"
LARGEST_FILE = 4 << 20


class ElsewhereUnreadableError(ValueError):
    """What is named is not there. Says what, and never shows a value."""


class ElsewhereUnsetError(ElsewhereUnreadableError):
    """The variable is not set: a secret that is there already may stay."""


def is_elsewhere(value: object) -> bool:
    """Whether this says where a value is. No field of the REST API has such keys."""
    return isinstance(value, Mapping) and len(value) == 1 and bool({ENVIRONMENT, FILE} & set(value))


def read(value: Mapping[str, object], *, folder: Path) -> str:
    """The value; a file's path starts in the document's folder. Raises ElsewhereUnreadableError."""
    ((kind, name),) = value.items()
    if not isinstance(name, str) or not name:
        message = f"Write a name behind {kind}."
        raise ElsewhereUnreadableError(message)
    if kind == FILE:
        return _file(folder / name, shown=name)
    found = os.environ.get(name)
    if found is None:
        message = f"The variable {name} is not set. Set it, or name another."
        raise ElsewhereUnsetError(message)
    return found


def _file(path: Path, *, shown: str) -> str:
    """Without the line break that editors put at the end, as settings are read from files."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            message = f"The file {shown} is larger than {LARGEST_FILE >> 20} MiB."
            raise ElsewhereUnreadableError(message)
        return content.decode().removesuffix("\n")
    except UnicodeDecodeError:
        message = f"The file {shown} is no text in UTF-8."
        raise ElsewhereUnreadableError(message) from None
    except OSError as error:
        message = f"The file {shown} cannot be read: {error.strerror}."
        raise ElsewhereUnreadableError(message) from None
