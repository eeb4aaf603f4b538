"""What the buttons of an identity provider show: a preview, and rules one by one."""

from collections.abc import Sequence

from federation.domain import explanations
from federation.services.provider_metadata import Preview
from federation.services.simulations import Simulation
from governance.adminsite.attention import Urgency
from governance.adminsite.results import Result

MATCHED = ("Matched", "Passed over")
CHANGES = "Turn on Save it to import what is listed."


def preview(seen: Preview) -> Result:
    """What the metadata holds, and what would change."""
    read = seen.metadata
    held = [
        (
            f"Certificate {one.fingerprint[:16]}…",
            True,
            f"{one.not_before:%Y-%m-%d} to {one.not_after:%Y-%m-%d}"
            + (", new" if one.fingerprint in seen.new_certificates else ", held already"),
        )
        for one in read.certificates
    ]
    lost = [
        (f"Certificate {one[:16]}…", False, "would be removed") for one in seen.lost_certificates
    ]
    addresses = (
        ("Sign-in by redirect", "sso_redirect_url", read.sso_redirect_url),
        ("Sign-in by POST", "sso_post_url", read.sso_post_url),
        ("Single logout", "slo_url", read.slo_url),
        ("Answers to logouts", "slo_response_url", read.slo_response_url),
    )
    changes = seen.new_certificates or seen.lost_certificates or seen.changed_addresses
    steps = (
        *(
            (what, True, f"{address}{_before(seen, column)}")
            for what, column, address in addresses
            if address or column in seen.changed_addresses
        ),
        *held,
        *lost,
        *(("Remark", False, remark) for remark in read.remarks),
    )
    return Result(
        urgency=Urgency.WARNING,
        word="Not saved yet",
        sentence=f"This is {read.entity_id}. "
        + (CHANGES if changes else "It changes no address and no certificate."),
        steps=steps,
        marks=("Found", "Note"),
        is_verdict=False,
    )


def _before(seen: Preview, column: str) -> str:
    """What an address was, where it would be another."""
    if column not in seen.changed_addresses:
        return ""
    was, becomes = seen.changed_addresses[column]
    if not was:
        return " (new)"
    return f" (was {was})" if becomes else f"would be removed (was {was})"


def simulated(simulation: Simulation) -> Result:
    """Rule by rule, then the result, and what is worth a look."""
    explanation = simulation.explanation
    outcomes = () if explanation.claims is None else explanation.claims.outcomes
    steps = tuple(
        (
            f"{outcome.rule.claim}, row {outcome.rule.position}",
            outcome.matched,
            f"{outcome.sentence} {_value(outcome.values)}".strip(),
        )
        for outcome in outcomes
    )
    grant = explanation.grant
    remarks = _remarks(simulation)
    if grant is None:
        refusal = explanation.refusal
        remedy = "" if refusal is None else explanations.remedy(refusal.code)
        return Result(
            urgency=Urgency.DANGER,
            word="Refused",
            sentence=f"{refusal} {remedy}".strip(),
            remarks=remarks,
            steps=steps,
            marks=MATCHED,
            is_verdict=False,
        )
    minutes = grant.session_seconds // 60
    names = " or ".join(role.name for role in grant.roles)
    return Result(
        urgency=None,
        word=grant.username,
        sentence=f"They would act as {names}, for {minutes} minutes.",
        remarks=remarks,
        steps=steps,
        marks=MATCHED,
        is_verdict=False,
    )


def _value(values: Sequence[str]) -> str:
    return f"Value: {', '.join(values)}" if values else ""


def _remarks(simulation: Simulation) -> tuple[str, ...]:
    found = []
    if simulation.is_captured:
        found.append("The captured response was read without any proof: it may be forged.")
    found.extend(
        f"{fact.what} differs: {fact.found} arrived, {fact.expected} is expected."
        for fact in simulation.facts
        if not fact.fits
    )
    found.extend(
        f"{limit.claim} breaks a limit of AWS: {limit.sentence}"
        for limit in simulation.limits
        if not limit.ok
    )
    return (*found, *simulation.notes)
