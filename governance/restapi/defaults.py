"""What settings.py hands to DRF and drf-spectacular. Plain values: it is read before the apps."""

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "governance.restapi.authentication.TokenAuthentication",
        "governance.restapi.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["governance.restapi.permissions.HasActor"],
    "DEFAULT_PARSER_CLASSES": ["governance.restapi.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "governance.restapi.pagination.CountedPagination",
    "DEFAULT_FILTER_BACKENDS": [
        "governance.restapi.filters.AllowListFilterBackend",
        "governance.restapi.filters.AllowListOrdering",
    ],
    "DEFAULT_SCHEMA_CLASS": "governance.restapi.schema.LakewardenSchema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "governance.restapi.negotiation.AlwaysJSON",
    "DEFAULT_METADATA_CLASS": None,
    # `?format=` belongs to the resources that have several (results, exports).
    "URL_FORMAT_OVERRIDE": None,
    "EXCEPTION_HANDLER": "governance.restapi.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "UNAUTHENTICATED_TOKEN": None,
    "DATETIME_FORMAT": "%Y-%m-%dT%H:%M:%S.%fZ",
    "COERCE_DECIMAL_TO_STRING": True,
    "NUM_PROXIES": 0,
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Lakewarden",
    "DESCRIPTION": (
        "Identity federation and governance in front of an analytics data lake. "
        "Authenticate with `Authorization: Bearer <token>`, or with the web session and CSRF."
    ),
    "VERSION": "1",
    "DEFAULT_GENERATOR_CLASS": "governance.restapi.schema.LakewardenGenerator",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": r"/api/v1(/namespaces/\{ns\})?",
    "COMPONENT_SPLIT_REQUEST": True,
    # Choices stay where they are used: the hook that collects them makes names like KindE55Enum.
    "POSTPROCESSING_HOOKS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "DISABLE_ERRORS_AND_WARNINGS": False,
}
