"""The schema and Swagger, with no address outside."""

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_schema_is_served_as_yaml_and_as_json() -> None:
    yaml = Client().get("/api/schema/")
    json = Client().get("/api/schema/?format=json")

    assert yaml.content.startswith(b"openapi: 3")
    assert json.json()["info"]["title"] == "Lakewarden"


def test_swagger_runs_on_our_own_files_without_inline_scripts() -> None:
    page = Client().get("/api/docs/").content.decode()

    assert not re.findall(r'(?:src|href)="https?://', page)
    assert not re.findall(r"<script(?![^>]*src=)", page)
    assert "'unsafe-inline'" not in Client().get("/api/schema/")["Content-Security-Policy"]


def test_swagger_s_start_up_script_names_our_schema() -> None:
    script = Client().get("/api/docs/?script=")

    assert script["Content-Type"].startswith("application/javascript")
    assert b"/api/schema/" in script.content
