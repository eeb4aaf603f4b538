"""Every page of the admin with another namespace's rows beside one's own: none shows.

Goes through the registry, so that a page added later is tested the day it appears.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from governance.adminsite.actions import actions_of
from governance.adminsite.gates import PermissionsMixin
from governance.isolation.models import ScopedModel
from governance.isolation.scopes import namespace_scope
from governance.kernel.identifiers import new_id
from governance.tenancy.models import Namespace
from tests.factories.rows import a_row_of
from tests.factories.tenancy import a_namespace, a_platform_administrator, a_user, signed_in

pytestmark = pytest.mark.django_db

STRANGER, OWN = "strangersthing", "ourthing"
PAGES: list[tuple[type[models.Model], Any]] = sorted(
    admin.site._registry.items(), key=lambda item: item[0]._meta.label
)
SCOPED = [(model, page) for model, page in PAGES if issubclass(model, ScopedModel)]


@pytest.fixture
def acme() -> Namespace:
    return a_namespace("acme")


@pytest.fixture
def eve_s(acme: Namespace) -> Namespace:
    return a_namespace(STRANGER, account_id="111111111111")


@pytest.fixture
def strangers(eve_s: Namespace) -> dict[type[models.Model], Any]:
    return rows_of_everything(eve_s, STRANGER)


@pytest.fixture
def ours(acme: Namespace) -> dict[type[models.Model], Any]:
    return rows_of_everything(acme, OWN)


@pytest.fixture
def browser(acme: Namespace) -> Client:
    """Ivan, who also is an officer here, so that every page opens."""
    with namespace_scope(acme.pk):
        everything = a_user("ivan-of-everything", roles=["admin", "officer"])
    return signed_in(everything)


def rows_of_everything(namespace: Namespace, marker: str) -> dict[type[models.Model], Any]:
    with namespace_scope(namespace.pk):
        return {
            model: a_row_of(model, marker=marker)
            for model in apps.get_models()
            if issubclass(model, ScopedModel)
        }


def address(model: type[models.Model], page: str, *arguments: object) -> str:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
    return reverse(name, args=arguments)


def text(answer: Any) -> str:
    content: bytes = answer.getvalue() if answer.streaming else answer.content
    return content.decode()


def test_every_page_asks_the_policies() -> None:
    unguarded = [
        model._meta.label for model, page in PAGES if not isinstance(page, PermissionsMixin)
    ]

    assert unguarded == []


def test_every_inline_asks_the_policies() -> None:
    unguarded = [
        inline.__name__
        for _, page in PAGES
        for inline in page.inlines
        if not issubclass(inline, PermissionsMixin)
    ]

    assert unguarded == []


def test_lists_searches_and_filters_show_nothing_of_another_namespace(
    browser: Client, strangers: dict[Any, Any], ours: dict[Any, Any]
) -> None:
    leaks = []
    for model, page in SCOPED:
        for query in ["", "?q=thing"] if page.search_fields else [""]:
            answer = browser.get(address(model, "changelist") + query)
            shown = text(answer)
            if answer.status_code != 200 or STRANGER in shown or str(strangers[model].pk) in shown:
                leaks.append((model._meta.label, query, answer.status_code))

    assert leaks == []


def test_forms_and_their_choices_show_nothing_of_another_namespace(
    browser: Client, strangers: dict[Any, Any], ours: dict[Any, Any]
) -> None:
    leaks, ids = [], [str(row.pk) for row in strangers.values()]
    for model, _ in SCOPED:
        for page in (address(model, "add"), address(model, "change", ours[model].pk)):
            answer = browser.get(page)
            shown = text(answer)
            if STRANGER in shown or any(each in shown for each in ids):
                leaks.append(page)
            if answer.status_code not in {200, 403}:
                leaks.append(f"{page}: {answer.status_code}")

    assert leaks == []


def test_a_row_of_another_namespace_is_answered_like_none(
    browser: Client, strangers: dict[Any, Any]
) -> None:
    told = {}
    for model, _ in SCOPED:
        for page in ("change", "delete", "history"):
            theirs = browser.get(address(model, page, strangers[model].pk))
            absent = browser.get(address(model, page, new_id()))
            told[f"{model._meta.label} {page}"] = (
                theirs.status_code == absent.status_code != 200
                and theirs.headers.get("Location") == absent.headers.get("Location")
                and STRANGER not in text(theirs)
            )

    assert [name for name, is_alike in told.items() if not is_alike] == []


def test_no_button_works_on_a_row_of_another_namespace(
    browser: Client, strangers: dict[Any, Any]
) -> None:
    pressed = {}
    for model, page in SCOPED:
        for button in actions_of(type(page)):
            where = f"{address(model, 'changelist')}{strangers[model].pk}/do/{button.name}/"
            pressed[where] = browser.post(where).status_code

    assert pressed
    assert set(pressed.values()) == {404}


def test_no_button_works_by_a_link() -> None:
    """A link must not change anything: a button without a form answers GET with 405."""
    acme = a_namespace("acme")
    with namespace_scope(acme.pk):
        browser = signed_in(a_user("ivan", roles=["admin", "officer"]))
    ours = rows_of_everything(acme, OWN)
    answers = {}
    for model, page in SCOPED:
        for button in actions_of(type(page)):
            if button.form_class is None:
                where = f"{address(model, 'changelist')}{ours[model].pk}/do/{button.name}/"
                answers[where] = browser.get(where).status_code

    assert set(answers.values()) <= {403, 404, 405}


def test_autocompletion_offers_nothing_of_another_namespace(
    browser: Client, strangers: dict[Any, Any]
) -> None:
    for model, page in SCOPED:
        for field in page.autocomplete_fields:
            options = {
                "app_label": model._meta.app_label,
                "model_name": model._meta.model_name,
                "field_name": field,
                "term": "",
            }
            answer = browser.get(reverse("admin:autocomplete"), options)
            assert STRANGER not in text(answer), (model, field)


# The admin's theme reads a field named dataset itself.
CALLED_OTHERWISE = {"purge.LegalHold.dataset": "kept"}


def foreign_choices() -> Iterator[tuple[type[models.Model], str, type[models.Model]]]:
    for model, page in SCOPED:
        if not page.can_add:
            continue
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and issubclass(
                field.related_model, ScopedModel
            ):
                name = CALLED_OTHERWISE.get(f"{model._meta.label}.{field.name}", field.name)
                yield model, name, field.related_model


def test_a_posted_id_of_another_namespace_is_a_form_error(
    browser: Client, strangers: dict[Any, Any]
) -> None:
    accepted = []
    for model, field, related in foreign_choices():
        answer = browser.post(address(model, "add"), {field: str(strangers[related].pk)})
        if answer.status_code not in {200, 403} or STRANGER in text(answer):
            accepted.append((model._meta.label, field, answer.status_code))

    assert accepted == []


def test_no_column_is_asked_about_by_the_address(browser: Client, acme: Namespace) -> None:
    """`?bind_password__startswith=a` would tell a secret letter by letter (T28)."""
    request = browser.get("/admin/").wsgi_request
    allowed = []
    for model, page in PAGES:
        filters = {item[0] if isinstance(item, tuple) else item for item in page.list_filter}
        for field in model._meta.concrete_fields:
            is_filter = field.name in filters or field.name == page.date_hierarchy
            ordered = ["regex"] if is_filter else ["gt", "exact"]
            for suffix in ("startswith", "contains", *ordered):
                lookup = f"{field.name}__{suffix}"
                if page.lookup_allowed(lookup, "a", request):
                    allowed.append(f"{model._meta.label} {lookup}")
        beyond = ("namespace__name__startswith", "namespace__account_id", "namespace")
        allowed += [each for each in beyond if page.lookup_allowed(each, "a", request)]

    assert allowed == []


def test_a_look_up_beyond_the_filters_is_refused(browser: Client, acme: Namespace) -> None:
    right = browser.get("/admin/tenancy/user/?password__startswith=m")
    wrong = browser.get("/admin/tenancy/user/?password__startswith=x")

    assert right.status_code == wrong.status_code == 400
    assert right.content == wrong.content


def test_a_platform_administrator_opens_every_page_in_and_out_of_a_namespace(
    acme: Namespace, ours: dict[Any, Any]
) -> None:
    browser = signed_in(a_platform_administrator())
    wrong = {}
    for chosen in ("", str(acme.pk)):
        browser.post(reverse("admin:choose_namespace"), {"namespace": chosen})
        for model, _ in PAGES:
            pages = [address(model, "changelist")]
            if model in ours:
                pages.append(address(model, "change", ours[model].pk))
            for page in pages:
                status = browser.get(page).status_code
                if status != 200:
                    wrong[f"{page} in {chosen or 'all'}"] = status

    assert wrong == {}


def test_in_a_chosen_namespace_nothing_of_another_shows(
    acme: Namespace, strangers: dict[Any, Any], ours: dict[Any, Any]
) -> None:
    browser = signed_in(a_platform_administrator())
    browser.post(reverse("admin:choose_namespace"), {"namespace": str(acme.pk)})

    leaks = [
        model._meta.label
        for model, _ in SCOPED
        if STRANGER in text(browser.get(address(model, "changelist")))
    ]

    assert leaks == []


def test_a_tenant_cannot_choose_another_namespace(browser: Client, eve_s: Namespace) -> None:
    answer = browser.post(reverse("admin:choose_namespace"), {"namespace": str(eve_s.pk)})

    assert answer.status_code == 403
    assert STRANGER not in text(browser.get("/admin/"))
