"""The signing key and the field keys: from the environment, or made beside embedded servers."""

import base64
import binascii
import secrets
from pathlib import Path

from governance.project.embedded.folders import DataFolder, write_private
from governance.project.env import Environment, WrongSettingError

SHORTEST_SECRET_KEY = 50
FIELD_KEY_BYTES = 32


def secret_key(environment: Environment, home: DataFolder) -> str:
    key = environment.text("SECRET_KEY")
    if key is None:
        key = _kept(environment, home, name="SECRET_KEY", file=home.secret_key_file)
    key = key or secrets.token_urlsafe(64)
    if len(key) < SHORTEST_SECRET_KEY:
        sentence = f"must have at least {SHORTEST_SECRET_KEY} characters; make it at random."
        raise WrongSettingError("SECRET_KEY", sentence)
    return key


def field_keys(environment: Environment, home: DataFolder) -> str:
    """`id:base64,id:base64`, checked. The first one seals, all of them open."""
    keys = environment.text("FIELD_KEYS")
    if keys is None:
        keys = _kept(environment, home, name="FIELD_KEYS", file=home.field_keys_file)
    keys = keys or new_field_key("k1")
    check_field_keys("FIELD_KEYS", keys)
    return keys


def new_field_key(key_id: str) -> str:
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(FIELD_KEY_BYTES)).decode()}"


def check_field_keys(name: str, value: str) -> None:
    """Stop with a sentence unless every entry is `id:key` with an id of its own."""
    seen: set[str] = set()
    for entry in value.split(","):
        key_id, colon, encoded = entry.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not colon or not key_id.isalnum() or len(key) != FIELD_KEY_BYTES:
            sentence = "must be id:key pairs, comma-separated, each key 32 bytes in base64."
            raise WrongSettingError(name, sentence)
        if key_id in seen:
            raise WrongSettingError(name, f"names the key id {key_id} twice.")
        seen.add(key_id)


def make(home: DataFolder) -> None:
    """Generate the keys of a new embedded installation; never replaces one."""
    if home.has_database:
        return
    if not home.secret_key_file.exists():
        write_private(home.secret_key_file, secrets.token_urlsafe(64))
    if not home.field_keys_file.exists():
        write_private(home.field_keys_file, new_field_key("k1"))


def _kept(environment: Environment, home: DataFolder, *, name: str, file: Path) -> str | None:
    """The key beside the embedded servers.

    None where no installation was made yet: a command that needs no database (`check`,
    `makemigrations`) then runs with a key of the moment. With a database, a new key would make
    what it holds unreadable, so a missing one refuses.
    """
    if environment.text("DATABASE_URL") is not None:
        sentence = "must be set: keys are generated only beside the embedded database."
        raise WrongSettingError(name, sentence)
    if file.exists():
        return file.read_text(encoding="utf-8").strip()
    if home.has_database:
        sentence = f"{file} is gone, and {home.servers / 'postgres'} was written with it."
        raise WrongSettingError(name, f"{sentence} Put it back; nothing was touched.")
    return None
