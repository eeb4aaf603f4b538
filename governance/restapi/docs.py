"""The schema at `/api/schema/` and Swagger at `/api/docs/`, from files that come with us."""

from functools import lru_cache
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.restapi.schema import LakewardenGenerator


@lru_cache(maxsize=1)
def described() -> Any:  # noqa: ANN401 - an OpenAPI document
    """The whole document, made once: it changes with the code alone."""
    generator = LakewardenGenerator()  # type: ignore[no-untyped-call]
    return generator.get_schema(public=True)


class SchemaView(APIView):
    """YAML, or JSON by `?format=json` or an Accept header that asks for it."""

    authentication_classes = ()
    permission_classes = ()

    def get_renderers(self) -> list[BaseRenderer]:
        wanted = self.request.GET.get("format", "")
        accepted = self.request.headers.get("Accept", "")
        if wanted == "json" or (not wanted and "json" in accepted and "yaml" not in accepted):
            return [OpenApiJsonRenderer()]
        return [OpenApiYamlRenderer()]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        return Response(described())


# Swagger styles its elements; its script comes as a file (the split view), as the policy wants.
@method_decorator(csp_update({"style-src": [SELF, UNSAFE_INLINE]}), name="dispatch")
class SwaggerView(SpectacularSwaggerSplitView):
    url_name = "schema"
    title = "Lakewarden API"
    authentication_classes = ()
    permission_classes = ()
