"""A script's view of the REST API: a client with a bearer token, and the addresses."""

import itertools
import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.actions import Area
from governance.tenancy.models import Namespace
from tests.factories.tenancy import a_token

ALL_SCOPES = tuple(f"{area.value}:write" for area in Area)

_keys = itertools.count(1)


class Script:
    """A script with a token of one namespace (or of the platform)."""

    def __init__(self, namespace: Namespace | None, *scopes: str) -> None:
        scope = system_scope("test") if namespace is None else namespace_scope(namespace.pk)
        with scope:
            self.token = a_token(*(scopes or ALL_SCOPES))
        self.base = f"/api/v1/namespaces/{namespace.name if namespace else 'none'}/"
        self.client = Client(raise_request_exception=False)

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """To an address below the namespace, or an absolute one."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        address = path if path.startswith("/") else f"{self.base}{path}"
        options: dict[str, Any] = {"headers": headers}
        if body is not None:
            options |= {"data": body, "content_type": "application/json"}
        answer: Any = getattr(self.client, method.lower())(address, **options)
        return answer

    def get(self, path: str) -> Any:
        return self.send("GET", path)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        return self.send("POST", path, body, key=key)

    def patch(self, path: str, body: Any) -> Any:
        return self.send("PATCH", path, body)

    def delete(self, path: str) -> Any:
        return self.send("DELETE", path)


def a_key() -> str:
    return f"key-{next(_keys)}"


def pointers(answer: HttpResponse) -> list[str]:
    return [error["pointer"] for error in json.loads(answer.content)["errors"]]


def body_with(item: dict[str, Any], field: str, literal: str) -> str:
    """JSON text in which a field is written literally, as no JSON library would write it."""
    return json.dumps({**item, field: "@"}).replace('"@"', literal)
