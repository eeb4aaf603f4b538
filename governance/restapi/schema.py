"""The OpenAPI schema: problem answers, Idempotency-Key, shapes of input; without a warning."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from governance.isolation.scopes import offline_scope
from governance.restapi.examples import all_examples
from governance.restapi.serializers import Problem

Direction = Literal["request", "response"]
PROBLEM_MEDIA_TYPE = "application/problem+json"
IDEMPOTENCY_KEY = OpenApiParameter(
    name="Idempotency-Key",
    location=OpenApiParameter.HEADER,
    type=str,
    description="The same key and body again: done once, answered the same for a day.",
)
NAMESPACE = OpenApiParameter(
    name="ns",
    location=OpenApiParameter.PATH,
    type=str,
    description="Name of the namespace. One that is not the credential's is answered 404.",
)


# Shapes of several apps that have the same name: in the schema each is called after its app.
AMBIGUOUS = frozenset({"CertificateOut"})


class LakewardenSchema(AutoSchema):
    """drf-spectacular's, told what every resource of ours has in common."""

    def get_serializer_name(self, serializer: Any, direction: Direction) -> str:  # noqa: ANN401 - spectacular's own type
        name: str = super().get_serializer_name(serializer, direction)
        if name not in AMBIGUOUS:
            return name
        app = type(serializer).__module__.split(".")[0]
        return f"{app.title().replace('_', '')}{name}"

    def get_override_parameters(self) -> list[Any]:
        parameters = list(super().get_override_parameters())
        if "{ns}" in self.path:
            parameters.append(NAMESPACE)
        if self.method == "POST" and hasattr(self.view, "shown_once"):
            parameters.append(IDEMPOTENCY_KEY)
        return parameters

    def get_request_serializer(self) -> Any:  # noqa: ANN401 - spectacular's own type
        action = getattr(self.view, "action", "")
        shape = getattr(self.view, "input_serializer_class", None)
        if action == "partial_update":
            shape = getattr(self.view, "patch_serializer_class", None) or shape
        if shape is not None and action in {"create", "partial_update"}:
            return shape(context={"view": self.view}, partial=action == "partial_update")
        return super().get_request_serializer()

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction=direction)
        if direction != "response":
            return bodies
        component = self.resolve_serializer(Problem, "response")
        problem = {
            "description": "A problem document: `code` says which.",
            "content": {PROBLEM_MEDIA_TYPE: {"schema": component.ref}},
        }
        bodies.setdefault("default", problem)
        return bodies

    def get_tags(self) -> list[str]:
        parts = [part for part in self.path.split("/") if part and not part.startswith("{")]
        below = parts[parts.index("namespaces") + 1 :] if "{ns}" in self.path else parts[2:]
        return [below[0] if below else "namespaces"]


class LakewardenGenerator(SchemaGenerator):
    """Describes the resources in a scope that no namespace has, reading no row."""

    def get_schema(self, request: Request | None = None, public: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002 - spectacular's signature
        with offline_scope():
            schema = super().get_schema(request=request, public=public)  # type: ignore[no-untyped-call]
        components = schema["components"]["schemas"]
        for name, example in all_examples().items():
            for shown in (name, f"Patched{name}"):
                if shown in components:
                    components[shown].setdefault("example", example)
        return schema


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "governance.restapi.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002 - spectacular's
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API token with scopes `<area>:read` or `<area>:write`.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "governance.restapi.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002 - spectacular's
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The web session; writing also needs `X-CSRFToken`.",
        }
