"""How the admin words a refusal: its sentence, and the way out where there is one."""

from django.utils.html import format_html

from governance.kernel.refusals import Refusal
from governance.tenancy.services import step_up


def worded(refusal: Refusal, *, page: str) -> str:
    """The sentence for a form. A proof is given in a new tab, so that nothing typed is lost."""
    if not isinstance(refusal, step_up.AuthenticationTooOld):
        return str(refusal)
    return format_html(
        "This needs a sign-in of the last {} minutes. "
        '<a class="lw-link" href="{}" target="_blank" rel="noopener">Prove who you are</a>, '
        "then do it again here.",
        refusal.values["minutes"],
        step_up.address(back_to=page),
    )
