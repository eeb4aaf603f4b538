"""Statements that the gateway answers by itself: `use` and `set`. Everything else is a query."""

import re
from dataclasses import dataclass

IDENTIFIER = r"`(?P<quoted>[^`]{1,128})`|(?P<plain>\w{1,128})"
USE = re.compile(rf"\s*use\s+(?:{IDENTIFIER})\s*;?\s*", re.IGNORECASE)
SET = re.compile(r"\s*set(?:\s+(?P<rest>.*?))?\s*;?\s*", re.IGNORECASE | re.DOTALL)
PREFIXES = (
    "set:hiveconf:",
    "set:hivevar:",
    "set:system:",
    "set:metaconf:",
    "hiveconf:",
    "hivevar:",
)
USE_DATABASE = "use:database"
LONGEST_SETTING = 4096
MOST_SETTINGS = 200


@dataclass(frozen=True, slots=True)
class Use:
    database: str


@dataclass(frozen=True, slots=True)
class Set:
    """`set k=v` gives the session a setting; `set k` and `set` ask for one or all."""

    name: str = ""
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    sql: str


def read(text: str) -> Use | Set | Query:
    """What a statement is."""
    use = USE.fullmatch(text)
    if use is not None:
        return Use(database=(use["quoted"] or use["plain"]).casefold())
    setting = SET.fullmatch(text)
    if setting is not None:
        name, equals, value = (setting["rest"] or "").partition("=")
        return Set(name=plain_name(name.strip()), value=value.strip() if equals else None)
    return Query(sql=text.strip().removesuffix(";"))


def settings_of(configuration: dict[str, str] | None) -> dict[str, str]:
    """A session's settings by their plain names, as JDBC and Python clients both may say them."""
    items = list((configuration or {}).items())[:MOST_SETTINGS]
    return {plain_name(name): value[:LONGEST_SETTING] for name, value in items}


def plain_name(name: str) -> str:
    for prefix in PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name
