"""Typed readers of the environment: a wrong value stops the process with one sentence.

Every variable may also be given as `NAME_FILE`, the path of a file that holds the value, as
container platforms mount secrets.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import overload
from urllib.parse import SplitResult, urlsplit

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off"})
MAX_PORT = 65535


class WrongSettingError(SystemExit):
    """A setting is missing or makes no sense. Ends the process with its sentence, exit code 1."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(f"{name}: {sentence} (docs/settings.md)")
        self.name = name
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables a process was started with, read by type."""

    variables: Mapping[str, str]

    @overload
    def text(self, name: str) -> str | None: ...
    @overload
    def text(self, name: str, default: str) -> str: ...
    def text(self, name: str, default: str | None = None) -> str | None:
        """The value of `name`, or the content of the file that `NAME_FILE` names."""
        value = self.variables.get(name)
        file_name = self.variables.get(f"{name}_FILE")
        if value and file_name:
            raise WrongSettingError(name, f"is set twice, by itself and by {name}_FILE: keep one.")
        if file_name:
            return self._file_content(name, file_name)
        return value or default

    def _file_content(self, name: str, file_name: str) -> str:
        try:
            content = Path(file_name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            sentence = f"the file {file_name} of {name}_FILE cannot be read: {reason}."
            raise WrongSettingError(name, sentence) from error
        if not content:
            raise WrongSettingError(name, f"the file {file_name} of {name}_FILE is empty.")
        return content

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name)
        if value is None:
            return default
        if value.lower() in TRUE:
            return True
        if value.lower() in FALSE:
            return False
        raise WrongSettingError(name, f"must be 1 or 0, not {value!r}.")

    def integer(self, name: str, *, default: int, least: int = 0, most: int | None = None) -> int:
        value = self.text(name)
        if value is None:
            return default
        try:
            number = int(value)
        except ValueError:
            raise WrongSettingError(name, f"must be a whole number, not {value!r}.") from None
        if number < least or (most is not None and number > most):
            limits = f"between {least} and {most}" if most is not None else f"{least} or more"
            raise WrongSettingError(name, f"must be {limits}, not {number}.")
        return number

    def port(self, name: str, *, default: int) -> int:
        return self.integer(name, default=default, least=1, most=MAX_PORT)

    def ports(self, name: str) -> list[int]:
        """Comma-separated ports."""
        words = self.words(name, default=[])
        return [
            Environment({name: word}).integer(name, default=0, least=1, most=MAX_PORT)
            for word in words
        ]

    def networks(self, name: str, *, default: list[str]) -> list[IPv4Network | IPv6Network]:
        """Comma-separated addresses or networks."""
        try:
            return [ip_network(word) for word in self.words(name, default=default)]
        except ValueError as error:
            raise WrongSettingError(name, f"must be addresses or networks: {error}.") from error

    def words(self, name: str, *, default: list[str], separator: str = ",") -> list[str]:
        value = self.text(name)
        if value is None:
            return default
        found = [word.strip() for word in value.split(separator) if word.strip()]
        if not found:
            raise WrongSettingError(name, f"is set, but names nothing: {value!r}.")
        return found

    def pairs(self, name: str) -> dict[str, str]:
        """Comma-separated `left=right`, in any case on the left; none where it is not set."""
        found: dict[str, str] = {}
        for word in self.words(name, default=[]):
            left, joint, right = (part.strip() for part in word.partition("="))
            if not (left and joint and right) or left.casefold() in found:
                raise WrongSettingError(name, f"must be pairs like a=b, each once, not {word!r}.")
            found[left.casefold()] = right
        return found

    def path(self, name: str, *, default: Path) -> Path:
        value = self.text(name)
        return (default if value is None else Path(value).expanduser()).absolute()

    def url(self, name: str, *, schemes: frozenset[str]) -> SplitResult | None:
        value = self.text(name)
        return None if value is None else parsed_url(name, value, schemes=schemes)


def parsed_url(name: str, value: str, *, schemes: frozenset[str]) -> SplitResult:
    """The parts of an address. The sentence never repeats it: it may hold a password."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise WrongSettingError(name, "is not an address.") from error
    if parts.scheme not in schemes:
        wanted = " or ".join(f"{scheme}://" for scheme in sorted(schemes))
        raise WrongSettingError(name, f"must begin with {wanted}.")
    return parts


def from_process() -> Environment:
    return Environment(os.environ)
