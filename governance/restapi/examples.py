"""Examples in the OpenAPI schema: each app's are in its `api/examples.py`, by component."""

from importlib import import_module
from typing import Any

from django.apps import apps
from django.utils.module_loading import module_has_submodule

MODULE = "api.examples"


def all_examples() -> dict[str, Any]:
    """What the apps show, by the name of the schema's component."""
    found: dict[str, Any] = {}
    for app in apps.get_app_configs():
        if app.module is not None and module_has_submodule(app.module, "api"):
            api = import_module(f"{app.name}.api")
            if module_has_submodule(api, "examples"):
                found |= import_module(f"{app.name}.{MODULE}").EXAMPLES
    return found
