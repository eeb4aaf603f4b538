"""What a policy document may say. Parsing names every fault at once, each with its fix.

Stricter than AWS on purpose, because a policy that is silently ignored protects nothing: the
Version must be 2012-10-17, unknown elements are refused, and so is an action of ours that does
not exist. There is no Principal: a policy here belongs to a role.
"""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeGuard, TypeVar

from governance.kernel.actions import Action
from governance.kernel.policies.conditions import Absence, Condition, compile_condition
from governance.kernel.policies.patterns import (
    BadPattern,
    Patterns,
    compile_names,
    compile_texts,
)
from governance.kernel.policies.statements import Effect, Statement
from governance.kernel.refusals import FieldError, Invalid

VERSION = "2012-10-17"
MAX_STATEMENTS = 100
MAX_VALUES = 500
MAX_LENGTH = 2048
OURS = "lakewarden:"

ELEMENTS = ("Version", "Id", "Statement")
STATEMENT_ELEMENTS = (
    "Sid",
    "Effect",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
ACTIONS = tuple(action.value for action in Action)
SID = re.compile(r"[A-Za-z0-9]{1,100}", re.ASCII)
ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+", re.ASCII)
CONDITION_KEY = re.compile(r"[A-Za-z0-9_.-]+:\S(.*\S)?", re.ASCII)
NOTHING = compile_texts(())

Compiled = TypeVar("Compiled")


class MalformedPolicy(Invalid):
    """`errors` point into the document: `/Statement/0/Effect`."""

    code = "malformed_policy"
    sentence = "The policy {name} is not valid. {first}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A named, parsed policy document. Make it with `parse`."""

    name: str
    document: Mapping[str, object]
    statements: tuple[Statement, ...] = field(repr=False, compare=False)
    # Which statements speak of each of our actions: found once, asked at every decision.
    by_action: Mapping[str, tuple[Statement, ...]] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, *, name: str, document: object) -> Self:
        """Raises MalformedPolicy with every fault that was found."""
        reading = Reading(name=name)
        statements = reading.document(document)
        if reading.errors or not isinstance(document, Mapping):
            first = reading.errors[0]
            raise MalformedPolicy(
                errors=reading.errors, name=name, first=f"{first.pointer or '/'}: {first.detail}"
            )
        return cls(
            name=name,
            document=document,
            statements=tuple(statements),
            by_action={
                action: tuple(each for each in statements if each.speaks_of(action))
                for action in (action.lower() for action in ACTIONS)
            },
        )

    def statements_on(self, action: str) -> tuple[Statement, ...]:
        """The statements that speak of an action, which comes in lower case."""
        known = self.by_action.get(action)
        if known is not None:
            return known
        return tuple(each for each in self.statements if each.speaks_of(action))


class Reading:
    """One pass over one document, collecting faults instead of stopping at the first."""

    def __init__(self, *, name: str) -> None:
        self.name = name
        self.errors: list[FieldError] = []
        self.sids: set[str] = set()

    def fault(self, pointer: str, code: str, detail: str) -> None:
        self.errors.append(FieldError(pointer=pointer, code=code, detail=detail))

    def document(self, document: object) -> list[Statement]:
        elements = self.mapping(document, pointer="")
        if elements is None:
            return []
        self.known(elements, names=ELEMENTS, pointer="")
        if elements.get("Version") != VERSION:
            self.fault("/Version", "version", f'Write "Version": "{VERSION}".')
        statement = elements.get("Statement")
        if isinstance(statement, Mapping):
            return [self.statement(statement, index=0, pointer="/Statement")]
        if not is_list(statement) or not 1 <= len(statement) <= MAX_STATEMENTS:
            self.fault(
                "/Statement", "required", f"Write one statement or a list of 1 to {MAX_STATEMENTS}."
            )
            return []
        return [
            self.statement(each, index=index, pointer=f"/Statement/{index}")
            for index, each in enumerate(statement)
        ]

    def statement(self, statement: object, *, index: int, pointer: str) -> Statement:
        elements = self.mapping(statement, pointer=pointer) or {}
        self.known(elements, names=STATEMENT_ELEMENTS, pointer=pointer)
        actions, except_actions = self.either(elements, "Action", pointer, self.actions)
        resources, except_resources = self.either(elements, "Resource", pointer, self.resources)
        conditions = self.conditions(elements.get("Condition", {}), f"{pointer}/Condition")
        excluding = resources.variables if except_resources else frozenset()
        return Statement(
            label=f"{self.name}/{self.sid(elements, pointer=pointer) or index}",
            effect=self.effect(elements, pointer=pointer),
            actions=actions,
            except_actions=except_actions,
            resources=resources,
            except_resources=except_resources,
            conditions=conditions,
            excluding=excluding.union(*(each.excluding for each in conditions)),
        )

    def mapping(self, value: object, *, pointer: str) -> Mapping[str, object] | None:
        if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
            return value
        self.fault(pointer, "type", "Write a JSON object here.")
        return None

    def known(self, elements: Mapping[str, object], *, names: Sequence[str], pointer: str) -> None:
        for name in elements:
            if name in {"Principal", "NotPrincipal"}:
                detail = f"Leave {name} out: a policy here belongs to a role."
            elif name not in names:
                detail = f"There is no element {name}.{near(name, names)}"
            else:
                continue
            self.fault(f"{pointer}/{escaped(name)}", "unknown_element", detail)

    def sid(self, elements: Mapping[str, object], *, pointer: str) -> str:
        sid = elements.get("Sid", "")
        if sid == "":
            return ""
        if not isinstance(sid, str) or not SID.fullmatch(sid):
            self.fault(f"{pointer}/Sid", "sid", "Use 1 to 100 letters A-Z, a-z and digits.")
            return ""
        if sid in self.sids:
            self.fault(f"{pointer}/Sid", "sid", f"Sid {sid} is used twice. Give each its own.")
        self.sids.add(sid)
        return sid

    def effect(self, elements: Mapping[str, object], *, pointer: str) -> Effect:
        for effect in Effect:
            if elements.get("Effect") == effect.value:
                return effect
        self.fault(f"{pointer}/Effect", "effect", 'Write "Effect": "Allow" or "Effect": "Deny".')
        return Effect.DENY

    def either(
        self,
        elements: Mapping[str, object],
        name: str,
        pointer: str,
        compiled: Callable[[Sequence[str], str], Patterns],
    ) -> tuple[Patterns, bool]:
        """The patterns of Action or NotAction, and whether it was the Not; the same of Resource."""
        given = [each for each in (name, f"Not{name}") if each in elements]
        if len(given) != 1:
            detail = f"Write either {name} or Not{name}, one of the two."
            self.fault(f"{pointer}/{name}", "required", detail)
            return NOTHING, False
        texts = self.texts(elements[given[0]], pointer=f"{pointer}/{given[0]}")
        return compiled(texts, f"{pointer}/{given[0]}"), given[0] != name

    def texts(self, value: object, *, pointer: str) -> list[str]:
        """A string or a list of strings, as a list. Numbers and booleans are taken as written."""
        values = list(value) if is_list(value) else [value]
        if not 1 <= len(values) <= MAX_VALUES:
            self.fault(pointer, "length", f"Write 1 to {MAX_VALUES} values.")
            return []
        texts = [text_of(each) for each in values]
        for index, text in enumerate(texts):
            if text is None or len(text) > MAX_LENGTH:
                where = f"{pointer}/{index}" if is_list(value) else pointer
                self.fault(where, "type", f"Write a string of at most {MAX_LENGTH} characters.")
        return [text for text in texts if text is not None]

    def actions(self, texts: Sequence[str], pointer: str) -> Patterns:
        for text in texts:
            if not ACTION.fullmatch(text):
                detail = f'"{text}" is no action. Write * or service:Name, such as {OURS}RunQuery.'
                self.fault(pointer, "action", detail)
            elif names_nothing(text):
                detail = f'"{text}" names no action of Lakewarden.{near(text, ACTIONS)}'
                self.fault(pointer, "unknown_action", detail)
        return compile_texts(text.lower() for text in texts if ACTION.fullmatch(text))

    def resources(self, texts: Sequence[str], pointer: str) -> Patterns:
        return self.attempt(lambda: compile_names(texts), pointer) or NOTHING

    def conditions(self, value: object, pointer: str) -> tuple[Condition | Absence, ...]:
        return tuple(
            condition
            for operator, keys in (self.mapping(value, pointer=pointer) or {}).items()
            for condition in self.operator(operator, keys, f"{pointer}/{escaped(operator)}")
        )

    def operator(self, operator: str, value: object, pointer: str) -> list[Condition | Absence]:
        keys = self.mapping(value, pointer=pointer)
        if keys is not None and not keys:
            self.fault(pointer, "required", "Name a key and its values, or leave this out.")
        found: dict[str, Condition | Absence] = {}
        for key, values in (keys or {}).items():
            where = f"{pointer}/{escaped(key)}"
            if not CONDITION_KEY.fullmatch(key):
                self.fault(
                    where, "key", "Write the key as prefix:name, such as aws:PrincipalTag/team."
                )
            elif key.lower() in found:
                self.fault(
                    where, "key", "This key is here twice. Upper and lower case are the same."
                )
            condition = self.condition(operator, key, values, where)
            if condition is not None:
                found[key.lower()] = condition
        return list(found.values())

    def condition(
        self, operator: str, key: str, values: object, pointer: str
    ) -> Condition | Absence | None:
        texts = self.texts(values, pointer=pointer)
        return self.attempt(
            lambda: compile_condition(operator=operator, key=key, values=texts), pointer
        )

    def attempt(self, compiled: Callable[[], Compiled], pointer: str) -> Compiled | None:
        try:
            return compiled()
        except BadPattern as bad:
            self.fault(pointer, "value", str(bad))
            return None


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple)


def text_of(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return value if isinstance(value, str) else None


def near(name: str, names: Sequence[str]) -> str:
    found = difflib.get_close_matches(name, names, n=1)
    return f" Did you mean {found[0]}?" if found else f" Use one of {', '.join(names)}."


def escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def names_nothing(text: str) -> bool:
    pattern = compile_texts([text.lower()])
    return text.lower().startswith(OURS) and not any(
        pattern.match(action.lower(), {}) for action in ACTIONS
    )
