"""Identity providers: addresses to copy, metadata to import, rules to try out."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, Min, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display

from federation import wiring
from federation.admin import provider_forms, provider_results
from federation.admin.provider_forms import MetadataForm, TryRulesForm
from federation.admin.provider_keys import ProviderKeysMixin
from federation.admin.provider_life import ProviderLifeMixin
from federation.admin.provisioning import ProviderTokensMixin
from federation.models import IdentityProvider
from federation.selectors import identity_providers as providers
from federation.services import (
    identity_providers,
    metadata_refreshes,
    provider_metadata,
    simulations,
)
from federation.services.identity_providers import ProviderValues
from governance.adminsite.actions import detail_action
from governance.adminsite.options import NamespacedModelAdmin
from governance.adminsite.results import Result
from governance.kernel.actions import Action


@admin.register(IdentityProvider)
class IdentityProviderAdmin(
    ProviderLifeMixin, ProviderKeysMixin, ProviderTokensMixin, NamespacedModelAdmin
):
    read_action = Action.READ_FEDERATION
    write_action = Action.MANAGE_IDENTITY_PROVIDERS
    list_display = ("name", "state_pill", "entity_id", "ends_pill", "rules")
    list_filter = ("enabled",)
    search_fields = ("name", "display_name", "entity_id")
    ordering = ("name",)
    readonly_fields = (
        "arn",
        "our_entity_id",
        "acs_url",
        "login_url",
        "our_logout_url",
        "our_metadata_url",
        "entity_id",
        "addresses",
        "certificates_held",
        "refreshes",
        "proof",
        "only_way_in",
        "our_keys",
        "scim_address",
        "scim_tokens",
    )
    empty_state = "No identity provider yet. Add one: its addresses are there at once."

    def get_queryset(self, request: HttpRequest) -> QuerySet[IdentityProvider]:
        rows: QuerySet[IdentityProvider] = super().get_queryset(request)
        return (
            rows.select_related("namespace")
            .prefetch_related("certificates", "service_provider_keys")
            .annotate(
                rule_count=Count("claim_rules", distinct=True),
                first_end=Min("certificates__not_after"),
            )
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401 - Django's
        del request
        if obj is None:
            return ((None, {"fields": ("name", "display_name")}),)
        ours = (
            "our_entity_id",
            "acs_url",
            "login_url",
            "our_logout_url",
            "our_metadata_url",
            "arn",
        )
        checks = ("want_messages_signed", "want_assertions_encrypted", "allow_idp_initiated")
        sent = ("sign_requests", "request_binding", "sign_metadata", "our_keys")
        return (
            (None, {"fields": ("name", "display_name", "enabled", "proof", "only_way_in")}),
            ("Type these into the identity provider", {"fields": ours}),
            (
                "From its metadata",
                {
                    "fields": (
                        "entity_id",
                        "addresses",
                        "metadata_url",
                        "refreshes",
                        "certificates_held",
                    )
                },
            ),
            (
                "What a sign-in must meet",
                {"fields": (*checks, "max_validity_seconds", "clock_skew_seconds")},
            ),
            ("What we send", {"fields": sent}),
            ("Reading it", {"fields": ("groups_attribute", "issuer_alias")}),
            (
                "Provisioning (SCIM)",
                {"fields": ("scim_address", "scim_tokens", "scim_shuts_directories")},
            ),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401 - Django's
        fixed = () if obj is None else ("name",)
        return (*super().get_readonly_fields(request, obj), *fixed)

    # --- what is shown

    @display(
        description="State",
        label={"enabled": "success", "disabled": "warning", "waiting": "info"},
    )
    def state_pill(self, row: IdentityProvider) -> tuple[str, str]:
        if row.enabled:
            return "enabled", "Enabled"
        return ("disabled", "Disabled") if row.entity_id else ("waiting", "Waits for metadata")

    @display(description="Rules", ordering="rule_count")
    def rules(self, row: Any) -> int:  # noqa: ANN401 - annotated above
        count: int = row.rule_count
        return count

    @display(description="ARN")
    def arn(self, row: IdentityProvider) -> SafeString:
        return _code(providers.arn(row))

    @display(description="Identifier (Entity ID)")
    def our_entity_id(self, row: IdentityProvider) -> SafeString:
        return _code(_ours(row).entity_id)

    @display(description="Reply URL (ACS URL)")
    def acs_url(self, row: IdentityProvider) -> SafeString:
        return _code(_ours(row).acs_url)

    @display(description="Sign-on URL")
    def login_url(self, row: IdentityProvider) -> SafeString:
        return _code(_ours(row).login_url)

    @display(description="Our logout address")
    def our_logout_url(self, row: IdentityProvider) -> SafeString:
        return _code(_ours(row).sls_url)

    @display(description="Our metadata")
    def our_metadata_url(self, row: IdentityProvider) -> SafeString:
        return _code(_ours(row).metadata_url)

    @display(description="Its addresses")
    def addresses(self, row: IdentityProvider) -> str:
        named = (("Redirect", row.sso_redirect_url), ("POST", row.sso_post_url))
        return ", ".join(f"{name} {url}" for name, url in named if url) or "none"

    # --- what is changed

    def perform_save(self, request: HttpRequest, row: Any, form: Any, change: bool) -> Any:  # noqa: ANN401, FBT001
        by = {
            "ports": wiring.provider_ports(),
            "actor": self.actor(request),
            "now": timezone.now(),
        }
        values: ProviderValues = form.cleaned_data
        if change:
            return identity_providers.change(provider=row, values=values, **by)  # type: ignore[arg-type]
        return identity_providers.create(values=values, **by)  # type: ignore[arg-type]

    def perform_delete(self, request: HttpRequest, row: IdentityProvider) -> None:
        identity_providers.remove(provider=row, actor=self.actor(request), now=timezone.now())

    @detail_action(
        label="Import metadata",
        action=Action.MANAGE_IDENTITY_PROVIDERS,
        icon="upload_file",
        form=MetadataForm,
        intro="Paste or upload the provider's metadata. First you see what it holds.",
    )
    def import_metadata(
        self, request: HttpRequest, row: IdentityProvider, values: dict[str, Any]
    ) -> Result | str:
        ports, now = wiring.provider_ports(), timezone.now()
        xml, entity_id = values["metadata_xml"], values["entity_id"]
        seen = provider_metadata.preview(
            provider=row, xml=xml, entity_id=entity_id, reader=ports.reader, now=now
        )
        if not values["save"]:
            return provider_results.preview(seen)
        identity_providers.change(
            provider=row,
            values={"metadata_xml": xml, "entity_id": entity_id},
            ports=ports,
            actor=self.actor(request),
            now=now,
        )
        return f"The metadata of {seen.metadata.entity_id} was saved."

    @detail_action(
        label="Fetch its metadata again",
        action=Action.MANAGE_IDENTITY_PROVIDERS,
        icon="refresh",
        shown=lambda row: bool(row.metadata_url),
    )
    def refresh(self, request: HttpRequest, row: IdentityProvider, values: dict[str, Any]) -> str:
        del values
        changed = metadata_refreshes.refresh(
            provider=row,
            ports=wiring.provider_ports(),
            actor=self.actor(request),
            now=timezone.now(),
        )
        return "Its metadata was renewed." if changed else "Its metadata has not changed."

    @detail_action(
        label="Try its rules",
        action=Action.READ_FEDERATION,
        icon="rule",
        form=TryRulesForm,
        initial=provider_forms.example,
        intro="Which role would these attributes give? Nobody is signed in.",
    )
    def try_rules(
        self, request: HttpRequest, row: IdentityProvider, values: dict[str, Any]
    ) -> Result:
        del request
        if values["saml_response"]:
            simulation = simulations.of_response(
                provider=row,
                saml_response=values["saml_response"],
                reader=wiring.response_reader(),
                public_url=settings.PUBLIC_URL,
            )
        else:
            simulation = simulations.of_attributes(
                provider=row,
                name_id=values["name_id"],
                attributes=values["attributes"],
                public_url=settings.PUBLIC_URL,
            )
        return provider_results.simulated(simulation)


def _ours(row: IdentityProvider) -> Any:  # noqa: ANN401
    return providers.service_provider(row, public_url=settings.PUBLIC_URL)


def _code(text: str) -> SafeString:
    return format_html('<code class="lw-code select-all">{}</code>', text)
