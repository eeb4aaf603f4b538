"""Whether a claim rule can be saved: everything that would fail at a sign-in fails here first."""

from collections.abc import Iterable, Mapping, Sequence

from federation.domain.attributes import USER_ATTRIBUTES
from federation.domain.claims import MOST_GROUPS_PER_PROVIDER, ClaimRule, Source
from federation.domain.regular_expressions import PatternUnusableError, check
from federation.domain.session_names import CLAIM_NAMES, TAG_PREFIX, is_tag_key
from federation.domain.transformations import MOST_STEPS, PARAMETERS, Function, Step, constant
from governance.kernel.refusals import FieldError, Invalid

LONGEST_PARAMETER = 2_048


class ClaimRuleInvalid(Invalid):
    code = "claim_rule_invalid"
    sentence = "The claim rule cannot work as written."


class TooManyRuleGroups(Invalid):
    code = "claim_rule_groups"
    sentence = "The rules of one identity provider may name {most} different groups in all."


def steps(rows: Sequence[object]) -> tuple[Step, ...]:
    """Transformations as JSON writes them: a function, and parameters by name or in order.

    Raises ClaimRuleInvalid with a pointer to each thing that is wrong.
    """
    if len(rows) > MOST_STEPS:
        raise _invalid(
            pointer="/transformations",
            code="too_many",
            detail=f"At most {MOST_STEPS} can be chained.",
        )
    return tuple(_step(row, index=index) for index, row in enumerate(rows))


def _step(row: object, *, index: int) -> Step:
    pointer = f"/transformations/{index}"
    if not isinstance(row, Mapping):
        raise _invalid(pointer=pointer, code="invalid", detail="An object is needed.")
    # Entra shows them as calls: ExtractMailPrefix().
    name = str(row.get("function") or "").removesuffix("()")
    if name not in set(Function):
        raise _invalid(
            pointer=f"{pointer}/function",
            code="unknown",
            detail=f"There is no function {name[:40]!r}.",
        )
    function = Function(name)
    parameters = _parameters(row.get("parameters", {}), function=function, pointer=pointer)
    names = set(PARAMETERS[function][1])
    step = Step(
        function=function,
        parameters={key: value for key, value in parameters.items() if key in names},
        extras={key: value for key, value in parameters.items() if key not in names},
        multivalued=row.get("multivalued") is True,
    )
    _check_step(step, first=index == 0, pointer=f"{pointer}/parameters")
    return step


def _parameters(written: object, *, function: Function, pointer: str) -> dict[str, str]:
    names = PARAMETERS[function][1]
    match written:
        case str():
            pairs: list[tuple[object, object]] = [(names[0], written)]
        case list():
            if len(written) > len(names):
                raise _invalid(
                    pointer=f"{pointer}/parameters", code="too_many", detail="Too many parameters."
                )
            pairs = list(zip(names, written, strict=False))
        case dict():
            pairs = list(written.items())
        case _:
            raise _invalid(
                pointer=f"{pointer}/parameters",
                code="invalid",
                detail="A list or an object is needed.",
            )
    read = {str(key): str(value) for key, value in pairs if value is not None}
    if any(len(value) > LONGEST_PARAMETER for value in read.values()):
        raise _invalid(
            pointer=f"{pointer}/parameters", code="too_long", detail="A parameter is too long."
        )
    return read


def _check_step(step: Step, *, first: bool, pointer: str) -> None:
    least, names = PARAMETERS[step.function]
    missing = [name for name in names[:least] if name not in step.parameters]
    if not first and missing == ["input"]:
        missing = []  # The second step works on the output of the first.
    if missing:
        raise _invalid(
            pointer=pointer, code="missing", detail=f"{step.function} needs {', '.join(missing)}."
        )
    if step.extras and step.function is not Function.REGEX_REPLACE:
        raise _invalid(
            pointer=pointer, code="unknown", detail=f"{step.function} has no {min(step.extras)}."
        )
    _check_texts(step, pointer=pointer)
    if step.function is Function.REGEX_REPLACE:
        _check_expression(step, pointer=pointer)


def _check_texts(step: Step, *, pointer: str) -> None:
    """Numbers are numbers, and what is looked for is something."""
    for name in ("start", "length"):
        number = step.parameters.get(name, "0")
        if not (number.isascii() and number.isdecimal()):
            detail = f"{name} counts characters from 0."
            raise _invalid(pointer=pointer, code="not_a_number", detail=detail)
    for name in ("value", "end"):
        if step.parameters.get(name) == "":
            detail = f"{name} is what to look for: it cannot be empty."
            raise _invalid(pointer=pointer, code="missing", detail=detail)


def _check_expression(step: Step, *, pointer: str) -> None:
    try:
        check(
            pattern=step.parameters["pattern"],
            template=step.parameters["replacement"],
            extras=step.extras,
        )
    except PatternUnusableError as error:
        raise _invalid(pointer=pointer, code="pattern", detail=str(error)) from error


def check_rule(rule: ClaimRule) -> None:
    """Raises ClaimRuleInvalid where the rule names an unknown claim or has no source."""
    if rule.claim not in CLAIM_NAMES and not is_tag_key(rule.claim):
        known = ", ".join((*sorted(CLAIM_NAMES), f"{TAG_PREFIX}<key>"))
        raise _invalid(pointer="/claim", code="unknown", detail=f"Use one of {known}.")
    match rule.source:
        case Source.ATTRIBUTE:
            _check_value(rule.value)
        case Source.TRANSFORMATION:
            if not rule.steps:
                raise _invalid(
                    pointer="/transformations", code="missing", detail="Name a transformation."
                )


def _check_value(value: str) -> None:
    if not value.strip():
        raise _invalid(
            pointer="/value",
            code="missing",
            detail='Name an attribute, or write a "constant" in quotes.',
        )
    if value.lower().startswith("user.") and value.lower() not in USER_ATTRIBUTES:
        known = ", ".join(sorted(USER_ATTRIBUTES))
        detail = f"Write the attribute's own name from the assertion, or one of {known}."
        raise _invalid(pointer="/value", code="unknown", detail=detail)
    if constant(value) == "":
        raise _invalid(pointer="/value", code="missing", detail="The constant is empty.")


def check_groups(rules: Iterable[ClaimRule]) -> None:
    """Entra allows fifty different groups over all claims of an application."""
    groups = frozenset().union(*(rule.groups for rule in rules))
    if len(groups) > MOST_GROUPS_PER_PROVIDER:
        raise TooManyRuleGroups(most=MOST_GROUPS_PER_PROVIDER)


def _invalid(*, pointer: str, code: str, detail: str) -> ClaimRuleInvalid:
    return ClaimRuleInvalid(errors=[FieldError(pointer=pointer, code=code, detail=detail)])
