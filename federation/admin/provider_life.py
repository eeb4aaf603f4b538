"""The life of a provider on its page: what ends when, its refreshes, its test, its enforcement."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from federation.domain.expiry import Nearness
from federation.models import IdentityProvider
from federation.selectors import endings
from federation.services import enforcements, role_trust
from governance.adminsite.actions import detail_action, detail_link
from governance.adminsite.fields import ManyOf
from governance.adminsite.options import NamespacedModelAdmin
from governance.kernel.actions import Action
from governance.tenancy.models import Role, User, UserSource

COLOURS = {
    Nearness.FAR.value: "success",
    Nearness.SOON.value: "warning",
    Nearness.NEAR.value: "danger",
    Nearness.PAST.value: "danger",
    "none": "info",
}


class EnforceForm(forms.Form):
    break_glass_user: forms.ModelChoiceField[User] = forms.ModelChoiceField(
        label="Break-glass account",
        queryset=None,
        widget=UnfoldAdminSelectWidget(),
        help_text="The one local administrator who may still sign in by password. Each use is "
        "mailed to every IT admin and audited.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*args, **options)
        people = User.objects.filter(source=UserSource.LOCAL, is_active=True)
        self.fields["break_glass_user"].queryset = people.order_by("login_name")  # type: ignore[attr-defined]


class NameRolesForm(forms.Form):
    roles = ManyOf(label="Roles", required=True)

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*args, **options)
        self.fields["roles"].queryset = Role.objects.order_by("name")  # type: ignore[attr-defined]


def _is_open(row: IdentityProvider) -> bool:
    return bool(row.entity_id) and not enforcements.is_enforced(row)


class ProviderLifeMixin(NamespacedModelAdmin):
    """Adds `ends_pill`, `certificates_held`, `refreshes`, `proof`, `only_way_in` and buttons."""

    @display(description="Certificates", label=COLOURS, ordering="first_end")
    def ends_pill(self, row: IdentityProvider) -> tuple[str, str]:
        last = endings.last_certificate(row)
        if last is None:
            return "none", "None"
        now = timezone.now()
        return last.nearness(now=now).value, last.words(now=now).capitalize()

    @display(description="What ends")
    def certificates_held(self, row: IdentityProvider) -> SafeString | str:
        now = timezone.now()
        lines = [
            (
                _pill(COLOURS[one.nearness(now=now).value], one.words(now=now).capitalize()),
                one.what,
                f"{one.ends_at:%Y-%m-%d}",
                " (replaced already)" if endings.is_replaced(row, one, now=now) else "",
            )
            for one in sorted(endings.endings(row), key=lambda ending: ending.ends_at)
        ]
        held = format_html_join("", "<div>{} {}, until {}{}</div>", lines)
        return held or "No certificate: nobody can sign in yet."

    @display(description="Refreshed")
    def refreshes(self, row: IdentityProvider) -> SafeString | str:
        if not row.metadata_url:
            return "Never by itself: there is no metadata URL."
        when = "not yet"
        if row.last_refreshed_at is not None:
            when = f"{row.last_refreshed_at:%Y-%m-%d %H:%M} UTC"
        if not row.last_refresh_problem:
            return f"Last {when}; every six hours, and when a key is unknown."
        line = (_pill("danger", "Failed"), row.last_refresh_problem, when)
        return format_html_join("", "{} {} What worked is kept (from {}).", [line])

    @display(description="Proved")
    def proof(self, row: IdentityProvider) -> str:
        if row.proved_at is None:
            return "Not yet: run Test this application. Single sign-on cannot be enforced before."
        return f"A sign-in or a test succeeded ({row.proved_at:%Y-%m-%d %H:%M} UTC)."

    @display(description="Password sign-in")
    def only_way_in(self, row: IdentityProvider) -> str:
        enforcement = enforcements.current()
        if enforcement is None or enforcement.namespace_id != row.namespace_id:
            return "Allowed for local users."
        holder = enforcement.break_glass_user
        name = "nobody" if holder is None else (holder.login_name or "")
        return f"Closed since {enforcement.created_at:%Y-%m-%d}; break-glass account: {name}."

    @detail_link(
        label="Test this application",
        action=Action.MANAGE_IDENTITY_PROVIDERS,
        icon="science",
        shown=lambda row: bool(row.entity_id),
    )
    def test_application(self, row: IdentityProvider) -> str:
        return reverse("federation:test", args=(row.namespace.name, row.name))

    @detail_action(
        label="Allow this way in only",
        action=Action.MANAGE_IDENTITY_PROVIDERS,
        icon="lock",
        danger=True,
        form=EnforceForm,
        intro="Local users of this namespace can then no longer sign in by password, and their "
        "sessions end. Yours goes on. The operator can undo it with manage.py recover_access.",
        shown=_is_open,
    )
    def enforce(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:  # noqa: ANN401
        enforcements.enforce(
            provider=row,
            break_glass_user=values["break_glass_user"],
            actor=self.actor(request),
            now=timezone.now(),
        )
        return "This namespace is entered through its identity provider only."

    @detail_action(
        label="Another break-glass account",
        action=Action.MANAGE_IDENTITY_PROVIDERS,
        icon="swap_horiz",
        form=EnforceForm,
        intro="The account that is named now can be deactivated, or lose its role, afterwards.",
        shown=enforcements.is_enforced,
    )
    def rename_break_glass(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:  # noqa: ANN401
        self.enforce(request, row, values)
        return f"The break-glass account is {values['break_glass_user'].login_name} now."

    @detail_action(
        label="Allow passwords again",
        action=Action.MANAGE_IDENTITY_PROVIDERS,
        icon="lock_open",
        shown=enforcements.is_enforced,
    )
    def lift(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:  # noqa: ANN401
        del values
        enforcements.lift(provider=row, actor=self.actor(request), now=timezone.now())
        return "Local users may sign in by password again."

    @detail_action(
        label="Let it name roles",
        action=Action.MANAGE_ROLES,
        icon="verified_user",
        form=NameRolesForm,
        intro="For a provider that sends the Role claim itself. The chosen roles then trust this "
        "provider by name, and only the providers that their trust policy names.",
    )
    def name_roles(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> str:  # noqa: ANN401
        role_trust.entrust(
            provider=row,
            roles=list(values["roles"]),
            public_url=settings.PUBLIC_URL,
            actor=self.actor(request),
            now=timezone.now(),
        )
        return "The roles trust this provider by name."


def _pill(colour: str, word: str) -> SafeString:
    return render_to_string("adminsite/parts/pill.html", {"kind": colour, "word": word})
