"""Directories: addresses and look-ups to fill in, a test in stages, and who gets which role."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from federation import wiring
from federation.models import Directory, DirectoryMapping
from federation.services import directories, directory_mappings, directory_tests
from federation.services.directory_tests import DirectoryTest, Tryout
from governance.adminsite.actions import detail_action
from governance.adminsite.attention import Urgency
from governance.adminsite.options import NamespacedModelAdmin
from governance.adminsite.results import Result
from governance.kernel.actions import Action
from governance.kernel.personal import Personal

FIELDS = (
    *("name", "enabled", "domain", "urls", "tls", "ca_certificates", "timeout_seconds"),
    *("bind_dn", "bind_password", "base_dn", "username_attribute", "user_filter"),
    *("user_dn_patterns", "group_base_dn", "group_class_key", "group_membership_key"),
    *("user_membership_key", "group_filter", "nested_groups", "allowed_groups", "allowed_users"),
)
STAGES = {
    "resolve": "Find the host",
    "tcp": "Connect",
    "tls": "Agree on TLS",
    "bind": "Bind",
    "search": "Find the person",
    "groups": "Read groups",
    "roles": "Map to roles",
}


without_nul = ProhibitNullCharactersValidator()


class LinesField(forms.Field):
    """A list of texts, one on each line."""

    def __init__(self, *, rows: int = 3, **options: Any) -> None:  # noqa: ANN401 - Django's options
        options.setdefault("required", False)
        options["widget"] = UnfoldAdminTextareaWidget(attrs={"rows": rows, "spellcheck": "false"})
        super().__init__(**options)

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401 - Django's own type
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> list[str]:  # noqa: ANN401 - Django's own type
        text = str(value or "")
        without_nul(text)
        return [line.strip() for line in text.splitlines() if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:  # noqa: ANN401 - Django's own type
        return self.to_python(data) != list(initial or [])


class DirectoryForm(forms.ModelForm[Directory]):
    urls = LinesField(
        label="URLs",
        help_text="ldap://host:port or ldaps://host:port, one on each line, tried in this order.",
    )
    user_dn_patterns = LinesField(
        label="User DN patterns",
        help_text="Without a bind DN: such as uid=%s,ou=people,dc=acme,dc=example, one a line.",
    )
    allowed_groups = LinesField(
        help_text="Only members of one of these may enter, one on each line. Empty: all."
    )
    allowed_users = LinesField(
        help_text="Only these people may enter, one on each line. Empty: all."
    )

    class Meta:
        model = Directory
        fields = FIELDS


class TryForm(forms.Form):
    """Somebody to try. The password goes to the directory and nowhere else."""

    username = forms.CharField(max_length=256, widget=UnfoldAdminTextInputWidget())
    password = forms.CharField(
        max_length=1024,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
    )


@admin.register(Directory)
class DirectoryAdmin(NamespacedModelAdmin):
    read_action = Action.READ_FEDERATION
    write_action = Action.MANAGE_DIRECTORIES
    form = DirectoryForm
    list_display = ("name", "state_pill", "tls_pill", "domain", "first_url", "mapping_count")
    list_filter = ("enabled", "tls")
    search_fields = ("name", "domain")
    ordering = ("name",)
    secret_fields = ("bind_password",)
    empty_state = (
        "No directory yet. Add the company's LDAP or Active Directory, test it with somebody's "
        "name, then map its groups to roles."
    )
    fieldsets = (
        (None, {"fields": ("name", "enabled", "domain")}),
        ("How to reach it", {"fields": ("urls", "tls", "ca_certificates", "timeout_seconds")}),
        (
            "How people are found",
            {
                "fields": (
                    "bind_dn",
                    "bind_password",
                    "base_dn",
                    "username_attribute",
                    "user_filter",
                    "user_dn_patterns",
                )
            },
        ),
        (
            "How groups are found",
            {
                "fields": (
                    "group_base_dn",
                    "group_class_key",
                    "group_membership_key",
                    "user_membership_key",
                    "group_filter",
                    "nested_groups",
                )
            },
        ),
        ("Who may enter", {"fields": ("allowed_groups", "allowed_users")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Directory]:
        rows: QuerySet[Directory] = super().get_queryset(request)
        return rows.annotate(found_mappings=Count("mappings"))

    @display(description="State", label={"enabled": "success", "disabled": "warning"})
    def state_pill(self, row: Directory) -> tuple[str, str]:
        return ("enabled", "Enabled") if row.enabled else ("disabled", "Disabled")

    @display(
        description="TLS", label={"ldaps": "success", "start_tls": "success", "none": "danger"}
    )
    def tls_pill(self, row: Directory) -> tuple[str, str]:
        words = {"ldaps": "LDAPS", "start_tls": "StartTLS", "none": "None"}
        return row.tls, words.get(row.tls, row.tls)

    @display(description="First URL")
    def first_url(self, row: Directory) -> str:
        return row.urls[0] if row.urls else "none"

    @display(description="Mappings", ordering="found_mappings")
    def mapping_count(self, row: Any) -> int:  # noqa: ANN401 - annotated above
        count: int = row.found_mappings
        return count

    def perform_save(self, request: HttpRequest, row: Any, form: Any, change: bool) -> Any:  # noqa: ANN401, FBT001
        actor, now = self.actor(request), timezone.now()
        if change:
            return directories.change(directory=row, values=form.cleaned_data, actor=actor, now=now)
        return directories.create(values=form.cleaned_data, actor=actor, now=now)

    def perform_delete(self, request: HttpRequest, row: Directory) -> None:
        directories.remove(directory=row, actor=self.actor(request), now=timezone.now())

    @detail_action(
        label="Test",
        action=Action.MANAGE_DIRECTORIES,
        icon="network_check",
        form=TryForm,
        intro="Signs somebody in, stage by stage, without letting them in. A wrong password "
        "counts as one of their tries.",
    )
    def test(self, request: HttpRequest, row: Directory, values: dict[str, Any]) -> Result:
        tested = directory_tests.run(
            directory=row,
            tryout=Tryout(
                username=values["username"],
                password=Personal(values["password"]),
                network=self.actor(request).network,
            ),
            port=wiring.directory(),
            throttle=wiring.sign_in_throttle(),
            actor=self.actor(request),
            now=timezone.now(),
        )
        return result_of(tested)


def result_of(tested: DirectoryTest) -> Result:
    """The stages, and the roles that a sign-in would grant."""
    steps = tuple(
        (STAGES[step.name.value], step.ok, f"{step.detail} ({step.milliseconds:.0f} ms)")
        for step in tested.steps
    )
    if not tested.ok:
        return Result(urgency=Urgency.DANGER, word="Not let in", steps=steps)
    roles = ", ".join(tested.roles)
    return Result(urgency=None, word="Let in", sentence=f"Roles: {roles}.", steps=steps)


class DirectoryMappingForm(forms.ModelForm[DirectoryMapping]):
    identifiers = LinesField(
        rows=4,
        required=True,
        help_text="Names of groups or users (or groups' DNs), or storage prefixes that a session "
        "says it works on: one on each line. Any one of them matches.",
    )

    class Meta:
        model = DirectoryMapping
        fields = ("directory", "position", "kind", "identifiers", "role")


@admin.register(DirectoryMapping)
class DirectoryMappingAdmin(NamespacedModelAdmin):
    read_action = Action.READ_FEDERATION
    write_action = Action.MANAGE_DIRECTORIES
    form = DirectoryMappingForm
    list_display = ("position", "directory", "kind_pill", "named", "role")
    list_display_links = ("position", "named")
    list_filter = ("directory", "kind", "role")
    ordering = ("position",)
    fields = ("directory", "position", "kind", "identifiers", "role")
    empty_state = "No mapping yet: nobody of a directory comes in. Map a group to a role."

    def get_queryset(self, request: HttpRequest) -> QuerySet[DirectoryMapping]:
        rows: QuerySet[DirectoryMapping] = super().get_queryset(request)
        return rows.select_related("directory", "role")

    @display(description="Kind", label={"group": "info", "user": "success", "prefix": "warning"})
    def kind_pill(self, row: DirectoryMapping) -> tuple[str, str]:
        return row.kind, row.get_kind_display()

    @display(description="Whom it names")
    def named(self, row: DirectoryMapping) -> str:
        return ", ".join(row.identifiers)

    def perform_save(self, request: HttpRequest, row: Any, form: Any, change: bool) -> Any:  # noqa: ANN401, FBT001
        actor, now = self.actor(request), timezone.now()
        if change:
            return directory_mappings.change(
                mapping=row, values=form.cleaned_data, actor=actor, now=now
            )
        return directory_mappings.create(values=form.cleaned_data, actor=actor, now=now)

    def perform_delete(self, request: HttpRequest, row: DirectoryMapping) -> None:
        directory_mappings.remove(mapping=row, actor=self.actor(request), now=timezone.now())
