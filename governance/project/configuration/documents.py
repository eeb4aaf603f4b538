"""The document as YAML: read strictly, written so that two exports can be compared."""

from collections.abc import Hashable, Mapping
from typing import Any

import yaml
from yaml.parser import ParserError
from yaml.scanner import ScannerError

from governance.project.configuration.resources import RESOURCES, Item

NAMESPACES = "namespaces"
OWN = ("name", "display_name", "account_id", "status")
"""A namespace's own fields, beside the lists of its resources."""

HEADING = """\
# The configuration of a Lakewarden installation. Apply it with: manage.py apply FILE.yaml
# People, tokens, requests and holds are not in it. Secrets are read where from_environment and
# from_file say; a secret that is there already stays as it is where the variable is not set.
"""


class DocumentInvalidError(ValueError):
    """The text is no configuration. Says where, and what to write."""


class _Loader(yaml.SafeLoader):
    """YAML without its surprises: dates stay text (a policy's Version is one), keys come once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's
        seen = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, Hashable):
                continue
            if name in seen:
                message = f"line {key.start_mark.line + 1}: {name} stands here twice."
                raise DocumentInvalidError(message)
            seen.add(name)
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Dumper(yaml.SafeDumper):
    """Lists stand indented below their name, and long texts as blocks."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's
        super().increase_indent(flow, False)  # noqa: FBT003 - PyYAML's


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def written(namespaces: list[Item]) -> str:
    body = yaml.dump(
        {NAMESPACES: namespaces}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    return HEADING + body


def read(text: str) -> list[Item]:
    """The namespaces of a document. Raises DocumentInvalidError."""
    try:
        document = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader that is stricter
    except yaml.YAMLError as error:
        message = f"This is no YAML: {_told(error)}"
        raise DocumentInvalidError(message) from None
    if not isinstance(document, Mapping) or set(document) != {NAMESPACES}:
        message = f"Write a document with the one key {NAMESPACES}; manage.py export shows one."
        raise DocumentInvalidError(message)
    namespaces = _items(document[NAMESPACES], place=NAMESPACES)
    for namespace in namespaces:
        _check_namespace(namespace)
    names = [namespace["name"] for namespace in namespaces]
    if len(set(names)) < len(names):
        message = "A namespace stands in the document twice."
        raise DocumentInvalidError(message)
    return namespaces


def _told(error: yaml.YAMLError) -> str:
    """What and where, without the text itself: somebody may have written a secret there."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return "there are characters in it that no text has."
    what = "it cannot be read"
    if isinstance(error, (ScannerError, ParserError)):
        what = str(error.problem)
    return f"line {mark.line + 1}, column {mark.column + 1}: {what}."


def _check_namespace(namespace: Item) -> None:
    name = namespace.get("name")
    if not isinstance(name, str) or not name:
        message = "Each namespace has a name."
        raise DocumentInvalidError(message)
    known = {resource.name for resource in RESOURCES}
    unknown = set(namespace) - known - set(OWN)
    if unknown:
        message = f"{name}: there is no {min(map(str, unknown))}. There are: " + ", ".join(
            [*OWN, *sorted(known)]
        )
        raise DocumentInvalidError(message)
    for key in known & set(namespace):
        namespace[key] = _items(namespace[key], place=f"{name} / {key}")


def _items(value: object, *, place: str) -> list[Item]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        message = f"{place}: write a list, each item with its fields."
        raise DocumentInvalidError(message)
    return value
