"""Namespaces: made by platform administrators, read by their own people."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import display

from governance.adminsite.actions import detail_action
from governance.adminsite.callers import actor_of
from governance.adminsite.options import NamespacedModelAdmin
from governance.isolation.scopes import namespace_scope, system_scope
from governance.kernel.actions import Action
from governance.tenancy.models import Namespace, NamespaceStatus
from governance.tenancy.services import namespaces

PILLS = {
    NamespaceStatus.CREATED.label: "success",
    NamespaceStatus.CREATING.label: "info",
    NamespaceStatus.SUSPENDED.label: "danger",
    NamespaceStatus.DELETING.label: "warning",
    NamespaceStatus.RETRYABLE_FAILURE.label: "danger",
    NamespaceStatus.NON_RETRYABLE_FAILURE.label: "danger",
}


class NamespaceForm(forms.ModelForm):  # type: ignore[type-arg]
    explained_by_service = True

    class Meta:
        model = Namespace
        fields = ("name", "display_name", "account_id")


@admin.register(Namespace)
class NamespaceAdmin(NamespacedModelAdmin):
    form = NamespaceForm
    read_action = Action.READ_NAMESPACES
    write_action = Action.MANAGE_NAMESPACES
    across_namespaces = True
    can_delete = False
    list_display = ("name", "display_name", "account_id", "status_pill", "created_at")
    list_filter = ("status",)
    search_fields = ("name", "display_name", "account_id")
    ordering = ("name",)
    fields = ("name", "display_name", "account_id")
    empty_state = "No namespace yet. Add one for each customer or department of the lake."

    @display(description="Status", ordering="status", label=PILLS)
    def status_pill(self, row: Namespace) -> str:
        return NamespaceStatus(row.status).label

    @detail_action(
        label="Suspend",
        action=Action.MANAGE_NAMESPACES,
        icon="pause_circle",
        danger=True,
        form=forms.Form,
        intro="Everybody and everything of this namespace is shut out with the next request: "
        "sessions end, API tokens, SCIM and Hive clients are refused. Nothing is deleted, and "
        "API tokens work again once it is reopened.",
        shown=lambda row: row.is_open,
    )
    def suspend(self, request: HttpRequest, row: Namespace, values: dict[str, Any]) -> str:
        del values
        self._set_open(request, row, is_open=False)
        return "Suspended: nobody and nothing of this namespace is let in."

    @detail_action(
        label="Reopen",
        action=Action.MANAGE_NAMESPACES,
        icon="play_circle",
        shown=lambda row: row.status == NamespaceStatus.SUSPENDED,
    )
    def reopen(self, request: HttpRequest, row: Namespace, values: dict[str, Any]) -> str:
        del values
        self._set_open(request, row, is_open=True)
        return "Open again: people sign in anew, API tokens work."

    def _set_open(self, request: HttpRequest, row: Namespace, *, is_open: bool) -> None:
        with namespace_scope(row.pk):
            namespaces.set_open(
                namespace=row, is_open=is_open, actor=self.actor(request), now=timezone.now()
            )

    def may_write(self, request: HttpRequest) -> bool:
        actor = actor_of(request)
        return actor is not None and actor.is_platform and super().may_write(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ANN401 - Django's
        del request
        return () if obj is None else ("name", "account_id")

    def response_add(
        self,
        request: HttpRequest,
        obj: Namespace,
        post_url_continue: str | None = None,
    ) -> HttpResponse:
        """What comes next is to work in it: its own page is out of sight from another one."""
        del post_url_continue
        messages.success(
            request, f"{obj} was made, with its roles. Choose it to set it up and name its people."
        )
        return HttpResponseRedirect(reverse("admin:choose_namespace"))

    def perform_save(self, request: HttpRequest, row: Any, form: Any, change: bool) -> Namespace:  # noqa: ANN401, FBT001
        actor, now = self.actor(request), timezone.now()
        if change:
            with namespace_scope(row.pk):
                return namespaces.rename(
                    namespace=row,
                    display_name=form.cleaned_data["display_name"],
                    actor=actor,
                    now=now,
                )
        with system_scope("a platform administrator makes a namespace"):
            return namespaces.create(**form.cleaned_data, actor=actor, now=now)
