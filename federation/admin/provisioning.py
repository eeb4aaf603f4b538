"""SCIM: the token that its client needs, people it provisioned, groups to give a role to."""

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldBooleanWidget

from federation.models import IdentityProvider, ScimGroup, ScimUser
from federation.services import scim_groups, scim_tokens
from governance.adminsite.actions import detail_action
from governance.adminsite.options import NamespacedModelAdmin
from governance.adminsite.results import shown_once
from governance.kernel.actions import Action
from governance.tenancy.services import tokens

GOES_ON = (
    "Sign-in is off and provisioning goes on: whoever leaves is still shut out everywhere. To stop "
    "it too, end the SCIM tokens."
)


class ScimTokenForm(forms.Form):
    days = forms.IntegerField(
        initial=tokens.MAX_DAYS,
        min_value=1,
        max_value=tokens.MAX_DAYS,
        widget=UnfoldAdminIntegerFieldWidget(),
        help_text="It stops working after so many days.",
    )
    replace = forms.BooleanField(
        label="End the tokens before it at once",
        required=False,
        widget=UnfoldBooleanWidget(),
        help_text="Leave it off to rotate without a gap: enter the new one, then revoke the old "
        "one under API tokens.",
    )


class ProviderTokensMixin(NamespacedModelAdmin):
    """Adds `scim_address`, `scim_tokens` and a button to a provider's page."""

    @display(description="Tenant URL")
    def scim_address(self, row: IdentityProvider) -> SafeString:
        return format_html('<code class="lw-code select-all">{}</code>', _tenant_url(row))

    @display(description="SCIM tokens")
    def scim_tokens(self, row: IdentityProvider) -> SafeString | str:
        lines = [
            (one.prefix, f"{one.expires_at:%Y-%m-%d}", _last_use(one.last_used_at))
            for one in scim_tokens.live(row, now=timezone.now())
        ]
        held = format_html_join("", "<div>{}…, until {}, {}</div>", lines)
        if held and not row.enabled:
            held += format_html("<div>{}</div>", GOES_ON)
        return held or "None: nobody is provisioned from here."

    @detail_action(
        label="New SCIM token",
        action=Action.MANAGE_IDENTITY_PROVIDERS,
        icon="vpn_key",
        form=ScimTokenForm,
        intro="The provider's provisioning settings ask for it as the secret token, beside the "
        "tenant URL. It provisions people of this provider and can do nothing else.",
    )
    def new_scim_token(
        self, request: HttpRequest, row: IdentityProvider, values: dict[str, Any]
    ) -> HttpResponse:
        text = scim_tokens.make(
            provider=row,
            days=values["days"],
            replace=values["replace"],
            actor=self.actor(request),
            now=timezone.now(),
        )
        return shown_once(
            request=request,
            context=self.admin_site.each_context(request),
            title=f"SCIM token of {row}",
            label=f"Enter it as the secret token, beside the tenant URL {_tenant_url(row)} in the "
            "provider's provisioning settings. Copy it now: only its fingerprint is kept, so it is "
            "not shown again.",
            secret=text,
            back=self.change_url(row.pk),
        )

    @detail_action(
        label="End its SCIM tokens",
        action=Action.MANAGE_IDENTITY_PROVIDERS,
        icon="block",
        danger=True,
        shown=lambda row: scim_tokens.live(row, now=timezone.now()).exists(),
    )
    def end_scim_tokens(
        self, request: HttpRequest, row: IdentityProvider, values: dict[str, Any]
    ) -> str:
        del values
        ended = scim_tokens.end_all(provider=row, actor=self.actor(request), now=timezone.now())
        return f"Nobody is provisioned from here any more. Tokens that ended: {ended}."


def _tenant_url(row: IdentityProvider) -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}/scim/v2/{row.namespace.name}/"


def _last_use(at: datetime | None) -> str:
    return "never used" if at is None else f"last used {at:%Y-%m-%d}"


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
