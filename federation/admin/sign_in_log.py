"""The sign-in log: by the code that a person reads out, which check failed and what to change."""

from django.contrib import admin
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.decorators import display

from federation.domain import explanations, stages
from federation.domain.captures import Fact
from federation.models import SignInAttempt
from governance.adminsite.options import NamespacedModelAdmin
from governance.kernel.actions import Action

CHECKS = {
    SignInAttempt.Door.SIGN_IN: stages.SIGN_IN,
    SignInAttempt.Door.SIGN_OUT_BY_REDIRECT: stages.SIGN_OUT_BY_REDIRECT,
    SignInAttempt.Door.SIGN_OUT_BY_FORM: stages.SIGN_OUT_BY_FORM,
}


@admin.register(SignInAttempt)
class SignInAttemptAdmin(NamespacedModelAdmin):
    read_action = Action.READ_FEDERATION
    write_action = Action.MANAGE_IDENTITY_PROVIDERS
    can_add = can_change = can_delete = False
    list_display = (
        "at",
        "reference",
        "identity_provider",
        "message",
        "outcome_pill",
        "check_name",
        "code",
    )
    list_filter = ("outcome", "door", "is_test", "identity_provider")
    search_fields = ("reference", "code")
    ordering = ("-at",)
    fields = (
        "at",
        "identity_provider",
        "message",
        "outcome",
        "reference",
        "code",
        "explanation",
        "remedy",
        "arrived",
        "checks",
        "claim_rules",
        "user",
        "role_name",
        "network",
    )
    readonly_fields = fields
    empty_state = "Nobody has tried to sign in yet."

    @display(description="Message", ordering="door")
    def message(self, row: SignInAttempt) -> str:
        return f"{SignInAttempt.Door(row.door).label}{', a test' if row.is_test else ''}"

    @display(description="Outcome", label={"accepted": "success", "refused": "danger"})
    def outcome_pill(self, row: SignInAttempt) -> tuple[str, str]:
        return row.outcome, SignInAttempt.Outcome(row.outcome).label

    @display(description="What to change")
    def remedy(self, row: SignInAttempt) -> str:
        return explanations.remedy(row.code) or "Nothing."

    @display(description="Checks")
    def checks(self, row: SignInAttempt) -> SafeString:
        checks = CHECKS[SignInAttempt.Door(row.door)]
        lines = explanations.lines(code=row.code, sentence=row.explanation, checks=checks)
        return render_to_string("federation/admin/checks.html", {"lines": lines})

    @display(description="What arrived")
    def arrived(self, row: SignInAttempt) -> SafeString | str:
        facts = [Fact(what=what, found=found, expected=wanted) for what, found, wanted in row.facts]
        if not facts:
            return "Nothing that can be read, or it was accepted."
        return render_to_string("federation/admin/facts.html", {"facts": facts})

    @display(description="Claim rules")
    def claim_rules(self, row: SignInAttempt) -> SafeString | str:
        if row.door != SignInAttempt.Door.SIGN_IN:
            return "A sign-out asks none."
        if not row.rules:
            return "Not reached, or it was accepted."
        return render_to_string("federation/admin/rules.html", {"rules": row.rules})
