"""JSON bodies, with limits: size, depth, and no number or character the tables cannot hold."""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

from governance.restapi.problems import TooDeep, TooLarge

MAX_DEPTH = 32
UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not a JSON number."
    raise ValueError(message)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        message = "A number is out of range."
        raise ValueError(message)
    return value


class StrictJSONParser(BaseParser):
    """Reads at most the configured size; refuses depth, NaN, Infinity, NUL and lone surrogates."""

    media_type = "application/json"
    renderer_class = JSONRenderer
    # A subclass may hand numbers on as text, for fields that read them exactly and name themselves.
    read_float: Callable[[str], object] = staticmethod(_finite)
    read_constant: Callable[[str], object] = staticmethod(_refuse_constant)

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, object] | None = None,
    ) -> Any:  # noqa: ANN401 - any JSON
        del media_type, parser_context
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise TooLarge
        try:
            value = json.loads(
                raw.decode("utf-8"), parse_constant=self.read_constant, parse_float=self.read_float
            )
        except RecursionError as deep:
            raise TooDeep from deep
        except ValueError as wrong:  # JSONDecodeError and UnicodeDecodeError are both one
            message = f"The body is not JSON that this service accepts: {wrong}"
            raise ParseError(message) from wrong
        _check(value)
        return value


def _check(value: object) -> None:
    """Walks with its own stack, so that a deep body cannot exhaust Python's."""
    waiting: list[tuple[object, int]] = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise TooDeep
        if isinstance(item, dict):
            waiting.extend((key, depth + 1) for key in item)
            waiting.extend((below, depth + 1) for below in item.values())
        elif isinstance(item, list):
            waiting.extend((below, depth + 1) for below in item)
        elif isinstance(item, str):
            _check_text(item)


def _check_text(text: str) -> None:
    if UNSTORABLE.search(text):
        message = "A string holds a character that cannot be stored (NUL or half a surrogate pair)."
        raise ParseError(message)
