"""What SCIM provisioned: people to look at, groups to give a role to."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display

from federation.models import ScimGroup, ScimUser
from federation.services import scim_groups
from governance.adminsite.options import NamespacedModelAdmin
from governance.kernel.actions import Action


@admin.register(ScimGroup)
class ScimGroupAdmin(NamespacedModelAdmin):
    """Groups come from the provider; what their members may do is decided here."""

    read_action = Action.READ_FEDERATION
    write_action = Action.MANAGE_IDENTITY_PROVIDERS
    can_add = False
    can_delete = False
    list_display = ("display_name", "identity_provider", "role", "members")
    list_filter = ("identity_provider",)
    search_fields = ("display_name",)
    fields = ("display_name", "identity_provider", "role", "members")
    readonly_fields = ("display_name", "identity_provider", "members")
    empty_state = (
        "No group was provisioned yet. Make a SCIM token on the identity provider's page, and "
        "enter it with the tenant URL in the provider's provisioning settings."
    )

    @display(description="Members")
    def members(self, row: ScimGroup) -> int:
        return row.memberships.count()

    def perform_save(
        self,
        request: HttpRequest,
        row: ScimGroup,
        form: forms.ModelForm[Any],
        change: bool,  # noqa: ARG002, FBT001 - Django's signature
    ) -> ScimGroup:
        return scim_groups.give_role(
            group=row,
            role=form.cleaned_data["role"],
            actor=self.actor(request),
            now=timezone.now(),
        )


@admin.register(ScimUser)
class ScimUserAdmin(NamespacedModelAdmin):
    """People as the provider's SCIM client wrote them. They change there, not here."""

    read_action = Action.READ_FEDERATION
    write_action = Action.MANAGE_IDENTITY_PROVIDERS
    can_add = False
    can_change = False
    can_delete = False
    list_display = ("user_name", "identity_provider", "activity", "updated_at")
    list_filter = ("identity_provider", "active")
    search_fields = ("user_name",)
    fields = ("user_name", "external_id", "identity_provider", "user", "active", "updated_at")
    empty_state = "Nobody was provisioned yet. People appear here when the provider sends them."

    @display(description="State", label={"active": "success", "inactive": "danger"})
    def activity(self, row: ScimUser) -> tuple[str, str]:
        return ("active", "Active") if row.active else ("inactive", "Inactive")
