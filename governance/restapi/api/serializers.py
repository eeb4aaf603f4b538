"""Shapes of tenancy, audit and outbox in the REST API."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from governance.audit.models import AuditEvent
from governance.outbox.models import MessageState, OutboxMessage
from governance.restapi.related import ScopedNameField
from governance.restapi.serializers import ModelIn, ModelOut, StrictSerializer
from governance.tenancy.models import ApiToken, Namespace, NamespaceStatus, Policy, Role, User


class NamespaceIn(StrictSerializer):
    name = serializers.CharField(max_length=64, help_text="[A-Za-z0-9._-]{1,64}, fixed once made.")
    display_name = serializers.CharField(max_length=200, required=False, allow_blank=True)
    account_id = serializers.CharField(max_length=12, help_text="Twelve digits.")


class NamespaceChangeIn(StrictSerializer):
    display_name = serializers.CharField(max_length=200)
    status = serializers.ChoiceField(
        choices=[NamespaceStatus.CREATED.value, NamespaceStatus.SUSPENDED.value],
        help_text="SUSPENDED shuts everybody and everything of the namespace out with the next "
        "request; CREATED lets them in again.",
    )


class NamespaceOut(ModelOut):
    class Meta:
        model = Namespace
        fields = (*ModelOut.BASE, "name", "display_name", "account_id", "status")


class IdentityOut(serializers.Serializer[Any]):
    provider = serializers.UUIDField(source="provider_id")
    kind = serializers.CharField(source="provider_kind")
    subject = serializers.CharField()


class UserOut(ModelOut):
    active = serializers.BooleanField(source="is_active")
    roles = serializers.SerializerMethodField()
    identities = IdentityOut(many=True)

    class Meta:
        model = User
        fields = (
            *ModelOut.BASE,
            "username",
            "email",
            "display_name",
            "active",
            "source",
            "roles",
            "identities",
            "last_sign_in_at",
        )

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_roles(self, user: User) -> list[str]:
        return sorted({binding.role.name for binding in user.bindings.all()})


class UserMadeOut(UserOut):
    one_time_password = serializers.CharField(help_text="Shown in this answer and never again.")

    class Meta(UserOut.Meta):
        fields = (*UserOut.Meta.fields, "one_time_password")


class UserIn(StrictSerializer):
    username = serializers.RegexField(
        r"\A[\w.@+-]{1,150}\Z", help_text="The login name, unique over the installation."
    )
    email = serializers.EmailField(required=False, allow_blank=True, default="")
    display_name = serializers.CharField(
        max_length=200, required=False, allow_blank=True, default=""
    )
    roles = ScopedNameField(model=Role, many=True, required=False)


class UserChangeIn(StrictSerializer):
    email = serializers.EmailField(allow_blank=True)
    display_name = serializers.CharField(max_length=200, allow_blank=True)
    active = serializers.BooleanField(help_text="false ends sessions and tokens at once.")
    roles = ScopedNameField(
        model=Role, many=True, help_text="Roles given by hand become exactly these."
    )


class RoleOut(ModelOut):
    arn = serializers.CharField()
    policies = ScopedNameField(many=True, read_only=True)

    class Meta:
        model = Role
        fields = (
            *ModelOut.BASE,
            "name",
            "arn",
            "description",
            "max_session_seconds",
            "policies",
            "trust_policy",
            "storage_prefixes",
        )


class RoleIn(ModelIn):
    policies = ScopedNameField(model=Policy, many=True, required=False)
    trust_policy = serializers.DictField(required=False)
    storage_prefixes = serializers.ListField(
        child=serializers.CharField(max_length=1024), required=False, max_length=100
    )

    class Meta:
        model = Role
        fields = (
            "name",
            "description",
            "max_session_seconds",
            "policies",
            "trust_policy",
            "storage_prefixes",
        )


class RoleSimulateIn(StrictSerializer):
    action = serializers.CharField(max_length=200, help_text="For example lakewarden:RunQuery.")
    resource = serializers.CharField(max_length=2048, default="*")
    context = serializers.DictField(  # type: ignore[assignment]  # a field of that name
        required=False, default=dict
    )


class RoleSimulateOut(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(choices=["allow", "deny"])
    matched = serializers.CharField(
        allow_null=True, help_text="`policy/statement` that decided; null where none did."
    )
    reason = serializers.CharField()


class PolicyOut(ModelOut):
    class Meta:
        model = Policy
        fields = (*ModelOut.BASE, "name", "description", "document")


class PolicyIn(ModelIn):
    document = serializers.DictField(help_text="IAM JSON: Version and Statement.")

    class Meta:
        model = Policy
        fields = ("name", "description", "document")


class TokenOut(ModelOut):
    namespace = serializers.CharField(source="namespace.name", allow_null=True, default=None)
    provider = serializers.UUIDField(source="provider_id", allow_null=True)

    class Meta:
        model = ApiToken
        fields = (
            "id",
            "created_at",
            "name",
            "namespace",
            "prefix",
            "scopes",
            "provider",
            "expires_at",
            "last_used_at",
            "revoked_at",
        )


class TokenMadeOut(TokenOut):
    token = serializers.CharField(help_text="Shown in this answer and never again.")

    class Meta(TokenOut.Meta):
        fields = (*TokenOut.Meta.fields, "token")  # type: ignore[assignment]  # one longer


class TokenIn(StrictSerializer):
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(child=serializers.CharField(max_length=40), max_length=20)
    days = serializers.IntegerField(min_value=1, max_value=365, default=90)
    provider = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="For the scope scim."
    )
    namespace = serializers.CharField(
        required=False, max_length=64, help_text="Platform administrators: whose token it is."
    )


class AuditEventOut(serializers.ModelSerializer[Any]):
    actor = serializers.SerializerMethodField()
    object = serializers.SerializerMethodField()
    hash = serializers.CharField(source="seal.hash", default=None, allow_null=True)
    previous_hash = serializers.CharField(
        source="seal.previous_hash", default=None, allow_null=True
    )

    class Meta:
        model = AuditEvent
        fields = (
            "id",
            "created_at",
            "at",
            "actor",
            "action",
            "object",
            "detail",
            "network",
            "hash",
            "previous_hash",
        )
        read_only_fields = fields

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
    def get_actor(self, event: Any) -> dict[str, str | None]:  # noqa: ANN401 - with its actor_name
        return {
            "kind": event.actor_kind,
            "id": None if event.actor_id is None else str(event.actor_id),
            "name": event.actor_name,
            "role": event.actor_role,
        }

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "string"}})
    def get_object(self, event: AuditEvent) -> dict[str, str | None]:
        target_id = None if event.target_id is None else str(event.target_id)
        return {"kind": event.target_kind, "id": target_id}


class JobOut(ModelOut):
    """Anything long: what it is, how far it is."""

    kind = serializers.CharField(source="name")
    state = serializers.ChoiceField(choices=MessageState.choices)
    done = serializers.IntegerField(source="progress_done")
    total = serializers.IntegerField(source="progress_total", allow_null=True)
    error = serializers.CharField(source="last_error")

    class Meta:
        model = OutboxMessage
        fields = (
            "id",
            "created_at",
            "kind",
            "state",
            "attempts",
            "done",
            "total",
            "due_at",
            "started_at",
            "finished_at",
            "error",
        )


class MeOut(serializers.Serializer[Any]):
    """Who this credential acts as."""

    namespace = serializers.CharField(allow_null=True)
    username = serializers.CharField()
    role = serializers.CharField(allow_null=True)
    roles = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField(allow_null=True)
    authenticated_at = serializers.DateTimeField(
        allow_null=True,
        help_text="When the person last proved who they are; null for a token. Dangerous acts "
        "want a recent proof.",
    )
    tags = serializers.DictField(child=serializers.CharField())
