"""What stands around erasures, in the admin: rules, legal holds, people who came back."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from unfold.decorators import display

from governance.adminsite.actions import detail_action
from governance.adminsite.gates import in_one_namespace
from governance.adminsite.options import NamespacedModelAdmin
from governance.kernel.actions import Action
from purge.forms import HoldForm, LiftForm
from purge.models import ErasureRules, LegalHold, Return, ReturnState
from purge.services import holds, rules, suppression


@admin.register(ErasureRules)
class ErasureRulesAdmin(NamespacedModelAdmin):
    """How many people approve, when a request expires, what follows a return."""

    read_action = Action.READ_ERASURE
    write_action = Action.MANAGE_DATA_MAP
    can_add = False
    can_delete = False
    list_display = ("approvals_needed", "undecided_days", "came_back", "updated_at")
    fields = ("approvals_needed", "undecided_days", "came_back")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if in_one_namespace():
            rules.current()
        page: HttpResponse = super().changelist_view(request, extra_context)
        return page

    def perform_save(
        self,
        request: HttpRequest,
        row: ErasureRules,
        form: forms.Form,
        change: bool,  # noqa: FBT001 - Django's
    ) -> ErasureRules:
        values: Any = form.cleaned_data
        return rules.change(values=values, actor=self.actor(request), now=timezone.now())


def _state(row: LegalHold) -> tuple[str, str]:
    if row.lifted_at is not None:
        return "lifted", "Lifted"
    return ("held", "On hold") if row.until > timezone.now() else ("ended", "Ended")


@admin.register(LegalHold)
class LegalHoldAdmin(NamespacedModelAdmin):
    """Whom or what no erasure may touch, and until when."""

    read_action = Action.READ_ERASURE
    write_action = Action.MANAGE_LEGAL_HOLDS
    can_change = False
    can_delete = False
    list_display = ("short_id", "state_pill", "what", "until", "created_at")
    form = HoldForm
    fields = (
        "state_name",
        "what",
        "whose",
        "reason",
        "until",
        "lifted_at",
        "lifted_because",
        "created_at",
    )
    empty_state = "Nothing is on hold. Place one where the law wants records kept."

    def get_fields(self, request: HttpRequest, obj: LegalHold | None = None) -> Any:  # noqa: ANN401 - Django's
        return self.fields if obj else ("person", "kept", "reason", "until")

    def get_readonly_fields(self, request: HttpRequest, obj: LegalHold | None = None) -> Any:  # noqa: ANN401 - Django's
        return self.fields if obj else ()

    @display(description="Hold")
    def short_id(self, row: LegalHold) -> str:
        return str(row.pk)[-12:]

    @display(
        description="State", label={"held": "warning", "lifted": "success", "ended": "success"}
    )
    def state_pill(self, row: LegalHold) -> tuple[str, str]:
        return _state(row)

    @display(description="State")
    def state_name(self, row: LegalHold) -> str:
        return _state(row)[1]

    @display(description="Fingerprints")
    def whose(self, row: LegalHold) -> str:
        return "\n".join(row.fingerprints)

    @display(description="What")
    def what(self, row: LegalHold) -> str:
        return "A person" if row.dataset is None else f"Dataset {row.dataset}"

    def perform_save(
        self,
        request: HttpRequest,
        row: LegalHold,
        form: forms.Form,
        change: bool,  # noqa: FBT001 - Django's
    ) -> LegalHold:
        values = form.cleaned_data
        return holds.place(
            subject=values["person"],
            dataset=values["kept"],
            reason=values["reason"],
            until=values["until"],
            actor=self.actor(request),
            now=timezone.now(),
        )

    @detail_action(
        label="Lift",
        action=Action.MANAGE_LEGAL_HOLDS,
        icon="lock_open",
        danger=True,
        form=LiftForm,
        intro="The records may be erased again, by another report and decision.",
        shown=lambda row: row.lifted_at is None,
    )
    def lift(self, request: HttpRequest, row: LegalHold, values: Mapping[str, Any]) -> str:
        holds.lift(
            hold_id=row.pk,
            reason=values["reason"],
            actor=self.actor(request),
            now=timezone.now(),
        )
        return "Lifted. Erasures that waited for it can be tried again."


@admin.register(Return)
class ReturnAdmin(NamespacedModelAdmin):
    """Erased people whose records arrived again."""

    read_action = Action.READ_ERASURE
    write_action = Action.REQUEST_ERASURE
    can_add = False
    can_change = False
    can_delete = False
    list_display = ("fingerprint", "dataset", "state", "seen_at")
    list_filter = ("state",)
    fields = ("fingerprint", "dataset", "state", "seen_at", "erasure_request")
    readonly_fields = fields
    empty_state = "Nobody who was erased has come back."

    @display(description="Fingerprint")
    def fingerprint(self, row: Return) -> str:
        return row.suppression.public_fingerprint

    @detail_action(
        label="Ask for another erasure",
        action=Action.REQUEST_ERASURE,
        icon="person_remove",
        shown=lambda row: row.state == ReturnState.OPEN,
    )
    def erase(self, request: HttpRequest, row: Return, values: Mapping[str, Any]) -> HttpResponse:
        asked = suppression.ask_again(
            return_id=row.pk, actor=self.actor(request), now=timezone.now()
        )
        return redirect(reverse("admin:purge_erasurerequest_change", args=(asked.pk,)))

    @detail_action(
        label="They may stay",
        action=Action.REQUEST_ERASURE,
        icon="check",
        shown=lambda row: row.state == ReturnState.OPEN,
    )
    def dismiss(self, request: HttpRequest, row: Return, values: Mapping[str, Any]) -> str:
        suppression.dismiss(return_id=row.pk, actor=self.actor(request), now=timezone.now())
        return "They may stay, and are looked out for no more."
