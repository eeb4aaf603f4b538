"""The addresses and pages behind the buttons that `actions.detail_action` declares."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.forms import Form
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from governance.adminsite import refusals
from governance.adminsite.actions import DetailAction, actions_of, shown_for
from governance.adminsite.callers import may
from governance.adminsite.results import Result
from governance.kernel.refusals import Refusal
from governance.tenancy.services import step_up


class ButtonsMixin:
    """Part of `NamespacedModelAdmin`."""

    change_form_outer_before_template = "adminsite/buttons.html"

    def button_urls(self) -> list[URLPattern]:
        if not actions_of(type(self)):
            return []
        view = self.admin_site.admin_view(self.press)  # type: ignore[attr-defined]
        return [path("<path:object_id>/do/<slug:name>/", view, name=self._press_name)]

    @property
    def _press_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_press"  # type: ignore[attr-defined]

    def button_context(self, request: HttpRequest, object_id: str | None) -> dict[str, Any]:
        """The buttons this person may press on this row, for the template."""
        row = self._row(request, object_id)
        if row is None:
            return {}
        permitted = tuple(each for each in actions_of(type(self)) if may(request, each.action))
        shown = shown_for(row, permitted)
        links = [each for each in shown if each.is_link]
        return {
            "detail_actions": [each for each in shown if not each.is_link],
            "detail_links": [(each, getattr(self, each.method)(row)) for each in links],
            "detail_row": row,
            "press_url": f"admin:{self._press_name}",
        }

    def press(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """GET shows the form of a button that asks first; POST does it."""
        button = next((each for each in actions_of(type(self)) if each.name == name), None)
        row = self._row(request, object_id)
        if button is None or button.is_link or row is None or not button.shown(row):
            raise Http404
        if not may(request, button.action):
            raise PermissionDenied
        if button.form_class is None:
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            return self._pressed(request, row, button, None)
        is_sent = request.method == "POST"
        form = button.form_class(
            request.POST if is_sent else None,
            request.FILES if is_sent else None,
            initial=dict(button.initial(row)),
        )
        if form.is_valid():
            return self._pressed(request, row, button, form)
        return self._asking(request, row, button, form)

    def _pressed(
        self, request: HttpRequest, row: models.Model, button: DetailAction, form: Form | None
    ) -> HttpResponse:
        values = {} if form is None else form.cleaned_data
        try:
            with transaction.atomic():
                answer = getattr(self, button.method)(request, row, values)
        except Refusal as refusal:
            return self._refused(request, row, button, form, refusal)
        if isinstance(answer, Result) and form is not None:
            return self._asking(request, row, button, form, result=answer)
        if isinstance(answer, str):
            messages.success(request, answer)
        return answer if isinstance(answer, HttpResponse) else self._back(row)

    def _refused(
        self,
        request: HttpRequest,
        row: models.Model,
        button: DetailAction,
        form: Form | None,
        refusal: Refusal,
    ) -> HttpResponse:
        back_to = self.change_url(row.pk)  # type: ignore[attr-defined]
        if form is None and isinstance(refusal, step_up.AuthenticationTooOld):
            return HttpResponseRedirect(step_up.address(back_to=back_to))
        if form is None:
            messages.error(request, str(refusal))
            return self._back(row)
        _place(refusal, form, page=request.get_full_path())
        return self._asking(request, row, button, form)

    def _asking(
        self,
        request: HttpRequest,
        row: models.Model,
        button: DetailAction,
        form: Form,
        *,
        result: Result | None = None,
    ) -> HttpResponse:
        site = self.admin_site  # type: ignore[attr-defined]
        context = {
            **site.each_context(request),
            "title": button.label,
            "opts": self.opts,  # type: ignore[attr-defined]
            "original": row,
            "button": button,
            "form": form,
            "result": result,
            "back": self.change_url(row.pk),  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "adminsite/ask.html", context)

    def _back(self, row: models.Model) -> HttpResponse:
        return HttpResponseRedirect(self.change_url(row.pk))  # type: ignore[attr-defined]

    def _row(self, request: HttpRequest, object_id: str | None) -> models.Model | None:
        if object_id is None:
            return None
        row: models.Model | None = self.get_object(request, object_id)  # type: ignore[attr-defined]
        return row


def _place(refusal: Refusal, form: Form, *, page: str) -> None:
    """The refusal's sentences at the fields they are about."""
    placed = False
    for error in refusal.errors:
        name = error.pointer.strip("/").split("/")[0]
        form.add_error(name if name in form.fields else None, error.detail)
        placed = placed or name in form.fields
    if not placed:
        form.add_error(None, refusals.worded(refusal, page=page))
