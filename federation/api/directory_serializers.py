"""Shapes of directories, their mappings and their tests."""

from typing import Any, ClassVar

from rest_framework import serializers

from federation.domain.login_names import LONGEST_NAME, LONGEST_PASSWORD
from federation.models import Directory, DirectoryMapping
from federation.models.directories import DN_LENGTH, URL_LENGTH
from governance.restapi.related import ScopedNameField
from governance.restapi.serializers import ModelIn, ModelOut, SecretField, StrictSerializer
from governance.tenancy.models import Role

MOST_ITEMS = 200


def texts(longest: int) -> serializers.ListField:
    """A list of texts, in the order that counts."""
    item = serializers.CharField(max_length=longest)
    return serializers.ListField(child=item, required=False, max_length=MOST_ITEMS)


class DirectoryIn(ModelIn):
    bind_password = SecretField(required=False, allow_blank=True, max_length=LONGEST_PASSWORD)
    urls = serializers.ListField(
        child=serializers.CharField(max_length=URL_LENGTH), min_length=1, max_length=8
    )
    user_dn_patterns = texts(DN_LENGTH)
    allowed_groups = texts(256)
    allowed_users = texts(256)

    class Meta:
        model = Directory
        fields = (
            "name",
            "enabled",
            "urls",
            "tls",
            "ca_certificates",
            "bind_dn",
            "bind_password",
            "base_dn",
            "domain",
            "user_dn_patterns",
            "user_filter",
            "username_attribute",
            "group_base_dn",
            "group_filter",
            "group_class_key",
            "group_membership_key",
            "user_membership_key",
            "nested_groups",
            "allowed_groups",
            "allowed_users",
            "timeout_seconds",
        )
        # Whether a domain is free is asked over all namespaces, by the service.
        extra_kwargs: ClassVar[dict[str, Any]] = {"domain": {"validators": []}}


class DirectoryOut(ModelOut):
    bind_password = SecretField()

    class Meta:
        model = Directory
        fields = (*ModelOut.BASE, *DirectoryIn.Meta.fields)


class DirectoryMappingIn(ModelIn):
    directory = ScopedNameField(model=Directory, help_text="Its id, or its name.")
    role = ScopedNameField(model=Role, help_text="Its name, or its id.")
    identifiers = serializers.ListField(
        child=serializers.CharField(max_length=DN_LENGTH), min_length=1, max_length=MOST_ITEMS
    )

    class Meta:
        model = DirectoryMapping
        fields = ("directory", "kind", "identifiers", "role", "position")
        extra_kwargs: ClassVar[dict[str, Any]] = {"position": {"required": False}}


class DirectoryMappingOut(ModelOut):
    role = ScopedNameField(read_only=True)

    class Meta:
        model = DirectoryMapping
        fields = (*ModelOut.BASE, *DirectoryMappingIn.Meta.fields)


class DirectoryTestIn(StrictSerializer):
    """Somebody of the directory. The password is used for this test and kept nowhere."""

    username = serializers.CharField(max_length=LONGEST_NAME)
    password = serializers.CharField(
        max_length=LONGEST_PASSWORD, trim_whitespace=False, allow_blank=True
    )


class DirectoryTestStepOut(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="resolve, tcp, tls, bind, search, groups or roles.")
    ok = serializers.BooleanField()
    detail = serializers.CharField()
    milliseconds = serializers.FloatField()


class DirectoryTestOut(serializers.Serializer[Any]):
    """How far a sign-in comes, and the roles it would grant, the default one first."""

    ok = serializers.BooleanField()
    steps = DirectoryTestStepOut(many=True)
    roles = serializers.ListField(child=serializers.CharField())
