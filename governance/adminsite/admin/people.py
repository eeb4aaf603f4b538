"""People: who they are, which roles they were given by hand, and their open sessions."""

import re
import secrets
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from governance.adminsite.actions import detail_action
from governance.adminsite.fields import ManyOf
from governance.adminsite.options import NamespacedModelAdmin
from governance.adminsite.results import shown_once
from governance.kernel.actions import Action
from governance.tenancy.domain.people import LocalPerson
from governance.tenancy.models import Role, User, UserSession, UserSource
from governance.tenancy.models.access import BindingSource
from governance.tenancy.services import roles, sessions, tokens, users

PASSWORD_BYTES = 18
LOGIN_NAME = re.compile(r"[\w.@+-]{1,150}", re.ASCII)
SESSION_PILLS = {"Open": "success", "Ended": "danger", "Expired": "warning"}
ACTIVE, INACTIVE = "Active", "Deactivated"
NAMES_SHOWN = 50


class PersonForm(forms.ModelForm[User]):
    """Roles by hand are a list of boxes; those of providers are shown beside it."""

    roles = ManyOf(
        label="Roles given by hand",
        help_text="What a provider gives or takes at sign-in stays as it is.",
    )

    class Meta:
        model = User
        fields = ("login_name", "email", "display_name")

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*args, **options)
        if "roles" not in self.fields:
            return
        choices: Any = self.fields["roles"]
        choices.queryset = Role.objects.order_by("name")
        if self.instance._state.db:  # noqa: SLF001 - Django's name for: it is saved
            self.initial["roles"] = Role.objects.filter(
                bindings__user=self.instance, bindings__source=BindingSource.MANUAL
            )

    def clean_login_name(self) -> str:
        name: str = self.cleaned_data["login_name"] or ""
        if not LOGIN_NAME.fullmatch(name):
            message = "Use 1 to 150 letters, digits and any of . @ + - _"
            raise forms.ValidationError(message)
        return name


@admin.register(User)
class UserAdmin(NamespacedModelAdmin):
    read_action = Action.READ_USERS
    write_action = Action.MANAGE_USERS
    can_delete = False
    form = PersonForm
    list_display = (
        "username",
        "display_name",
        "email",
        "role_names",
        "source_pill",
        "active_pill",
        "last_sign_in_at",
    )
    list_filter = ("source", "is_active")
    search_fields = ("username", "display_name", "email")
    ordering = ("username",)
    empty_state = (
        "Nobody yet. People appear when they first sign in; or add a local one, "
        "who gets a one-time password."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows: QuerySet[User] = super().get_queryset(request)
        return rows.prefetch_related("bindings__role")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:  # noqa: ANN401 - Django's
        del request
        if obj is None:
            return ((None, {"fields": ("login_name", "email", "display_name", "roles")}),)
        return (
            (None, {"fields": ("username", "email", "display_name", "source", "active_pill")}),
            ("Roles", {"fields": ("roles", "provided_roles")}),
            (
                "Sign-in",
                {
                    "fields": (
                        "login_name",
                        "subjects",
                        "former_names",
                        "last_sign_in_at",
                        "created_at",
                    )
                },
            ),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ANN401 - Django's
        del request
        shown = (
            "username",
            "source",
            "active_pill",
            "provided_roles",
            "subjects",
            "former_names",
            "last_sign_in_at",
            "created_at",
        )
        return shown if obj is None else (*shown, "login_name")

    @display(description="Roles")
    def role_names(self, row: User) -> str:
        return ", ".join(sorted({binding.role.name for binding in row.bindings.all()})) or "none"

    @display(description="Roles from providers")
    def provided_roles(self, row: User) -> str:
        given = [
            f"{binding.role.name} ({BindingSource(binding.source).label})"
            for binding in row.bindings.all()
            if binding.source != BindingSource.MANUAL
        ]
        return ", ".join(sorted(given)) or "none"

    @display(description="Known to providers as")
    def subjects(self, row: User) -> str:
        return ", ".join(identity.subject for identity in row.identities.all()) or "not at all"

    @display(description="Called before")
    def former_names(self, row: User) -> SafeString | str:
        """The latest first: a label changes with the role that the person acts in."""
        changes = row.former_usernames.order_by("-created_at")[:NAMES_SHOWN]
        lines = [(one.username, f"{one.created_at:%Y-%m-%d %H:%M}") for one in changes]
        return format_html_join("", "<div>{}, until {} UTC</div>", lines) or "nothing else"

    @display(
        description="Source",
        ordering="source",
        label={UserSource.LOCAL.label: "warning", UserSource.SAML.label: "info"},
    )
    def source_pill(self, row: User) -> str:
        return UserSource(row.source).label

    @display(
        description="State", ordering="is_active", label={ACTIVE: "success", INACTIVE: "danger"}
    )
    def active_pill(self, row: User) -> str:
        return ACTIVE if row.is_active else INACTIVE

    def perform_save(self, request: HttpRequest, row: Any, form: Any, change: bool) -> User:  # noqa: ANN401, FBT001
        actor, now, values = self.actor(request), timezone.now(), form.cleaned_data
        if change:
            user = users.change(
                user=row,
                email=values["email"],
                display_name=values["display_name"],
                actor=actor,
                now=now,
            )
            roles.set_manual(user=user, roles=values["roles"], actor=actor, now=now)
            return user
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        person = LocalPerson(
            login_name=values["login_name"] or "",
            email=values["email"],
            display_name=values["display_name"],
        )
        user = users.create_local(
            person=person, password=password, roles=values["roles"], actor=actor, now=now
        )
        request.one_time_password = password  # type: ignore[attr-defined]  # for response_add alone
        return user

    def response_add(
        self, request: HttpRequest, obj: User, post_url_continue: str | None = None
    ) -> HttpResponse:
        del post_url_continue
        return self._password_page(request, obj, request.one_time_password)  # type: ignore[attr-defined]

    @detail_action(
        label="Deactivate",
        action=Action.MANAGE_USERS,
        icon="person_off",
        danger=True,
        shown=lambda row: row.is_active,
    )
    def deactivate(self, request: HttpRequest, row: User, values: dict[str, Any]) -> str:
        del values
        users.set_active(user=row, active=False, actor=self.actor(request), now=timezone.now())
        return "Deactivated: every session and token of this person has ended."

    @detail_action(
        label="Activate",
        action=Action.MANAGE_USERS,
        icon="person_check",
        shown=lambda row: not row.is_active,
    )
    def activate(self, request: HttpRequest, row: User, values: dict[str, Any]) -> str:
        del values
        users.set_active(user=row, active=True, actor=self.actor(request), now=timezone.now())
        return "This person may sign in again."

    @detail_action(
        label="New one-time password",
        action=Action.MANAGE_USERS,
        icon="password",
        shown=lambda row: row.source == UserSource.LOCAL and row.is_active,
    )
    def new_password(self, request: HttpRequest, row: User, values: dict[str, Any]) -> HttpResponse:
        del values
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        users.set_password(
            user=row, password=password, actor=self.actor(request), now=timezone.now()
        )
        return self._password_page(request, row, password)

    @detail_action(
        label="Revoke their tokens",
        action=Action.MANAGE_TOKENS,
        icon="block",
        danger=True,
        shown=lambda row: tokens.live_of(row.pk, now=timezone.now()).exists(),
    )
    def revoke_tokens(self, request: HttpRequest, row: User, values: dict[str, Any]) -> str:
        """A new password ends sessions; whether tokens go with it is for people to choose."""
        del values
        ended = tokens.revoke_of(user_id=row.pk, actor=self.actor(request), now=timezone.now())
        return f"Revoked, from the next request on: {ended}."

    def _password_page(self, request: HttpRequest, row: User, password: str) -> HttpResponse:
        return shown_once(
            request=request,
            context=self.admin_site.each_context(request),
            title=f"One-time password of {row}",
            label="Hand this over once. It is not shown again.",
            secret=password,
            back=self.change_url(row.pk),
        )


@admin.register(UserSession)
class UserSessionAdmin(NamespacedModelAdmin):
    """Who is signed in, as which role, until when."""

    read_action = Action.READ_USERS
    write_action = Action.MANAGE_USERS
    can_add = can_change = can_delete = False
    list_display = ("user", "role", "state_pill", "network", "authenticated_at", "expires_at")
    list_filter = ("role",)
    search_fields = ("user__username",)
    list_select_related = ("user", "role")
    fields = (
        "user",
        "role",
        "state_pill",
        "network",
        "authenticated_at",
        "expires_at",
        "ended_at",
        "end_reason",
        "tags",
    )
    readonly_fields = fields
    empty_state = "Nobody is signed in."

    @display(description="State", label=SESSION_PILLS)
    def state_pill(self, row: UserSession) -> str:
        if row.ended_at is not None:
            return "Ended"
        return "Open" if row.is_live(at=timezone.now()) else "Expired"

    @detail_action(
        label="End this session",
        action=Action.MANAGE_USERS,
        icon="logout",
        danger=True,
        shown=lambda row: row.ended_at is None,
    )
    def end(self, request: HttpRequest, row: UserSession, values: dict[str, Any]) -> str:
        del request, values
        sessions.end(session=row, reason="ended by an administrator", now=timezone.now())
        return "The session has ended."
