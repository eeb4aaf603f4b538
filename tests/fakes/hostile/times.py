"""A real provider says something that is not for now."""

from dataclasses import replace
from datetime import timedelta

from tests.fakes.hostile.cases import Cases, Fields, minutes, respelled, stamp_of
from tests.fakes.idp import Response

cases = Cases()

FIELDS: Fields = {
    "expired": (
        "saml_assertion_expired",
        lambda _: {"not_on_or_after": minutes(-2), "confirmed_until": minutes(-2)},
    ),
    "confirmation_expired_conditions_good": (
        "saml_assertion_expired",
        lambda _: {"confirmed_until": minutes(-2)},
    ),
    "conditions_expired_confirmation_good": (
        "saml_assertion_expired",
        lambda _: {"not_on_or_after": minutes(-2)},
    ),
    "not_yet_valid": ("saml_assertion_not_yet_valid", lambda _: {"not_before": minutes(3)}),
    "conditions_without_an_end": (
        "saml_conditions_missing",
        lambda _: {"not_on_or_after": None},
    ),
    "confirmation_without_an_end": (
        "saml_subject_not_confirmed",
        lambda _: {"confirmed_until": None},
    ),
    "valid_for_ten_years": (
        "saml_validity_too_long",
        lambda _: {"not_on_or_after": timedelta(days=3650), "confirmed_until": minutes(5)},
    ),
    "confirmed_for_ten_years": (
        "saml_validity_too_long",
        lambda _: {"not_on_or_after": minutes(5), "confirmed_until": timedelta(days=3650)},
    ),
    "valid_until_the_end_of_time": (
        "saml_value_unreadable",
        lambda r: {"not_on_or_after": r.now.replace(year=9999) - r.now},
    ),
    "issued_long_ago": ("saml_assertion_expired", lambda _: {"issued": minutes(-200)}),
    "issued_in_the_future": ("saml_assertion_not_yet_valid", lambda _: {"issued": minutes(5)}),
    "response_issued_long_ago": (
        "saml_assertion_expired",
        lambda _: {"response_issued": minutes(-200)},
    ),
    "response_issued_in_the_future": (
        "saml_assertion_not_yet_valid",
        lambda _: {"response_issued": minutes(5)},
    ),
    "session_over": (
        "saml_assertion_expired",
        lambda _: {"session_not_on_or_after": minutes(-1)},
    ),
    "signed_in_tomorrow": (
        "saml_assertion_not_yet_valid",
        lambda _: {"authenticated": timedelta(days=1)},
    ),
    "expired_to_the_second": (
        "saml_assertion_expired",
        lambda _: {"not_on_or_after": minutes(-1), "confirmed_until": minutes(-1)},
    ),
    "valid_in_another_minute": (
        "saml_assertion_not_yet_valid",
        lambda _: {"not_before": timedelta(seconds=100)},
    ),
    "ends_before_it_begins": (
        "saml_assertion_expired",
        lambda _: {"not_before": minutes(-9), "not_on_or_after": minutes(-10)},
    ),
    "issued_in_the_last_century": (
        "saml_value_unreadable",
        lambda r: {"issued": r.now.replace(year=1999) - r.now},
    ),
}
cases.add_fields(FIELDS)


@cases.refused_as("saml_value_unreadable")
def time_without_a_zone(response: Response, sign: str) -> str:
    return respelled(response, sign, stamp_of(response), stamp_of(response)[:-1])


@cases.refused_as("saml_value_unreadable")
def time_in_another_zone(response: Response, sign: str) -> str:
    return respelled(response, sign, stamp_of(response), f"{stamp_of(response)[:-1]}+05:00")


def _with_instant(name: str, text: str, *codes: str) -> None:
    def build(response: Response, sign: str) -> str:
        was = f'AuthnInstant="{stamp_of(_signed_in_now(response))}"'
        return respelled(_signed_in_now(response), sign, was, f'AuthnInstant="{text}"')

    cases.add(name, build, *codes)


def _signed_in_now(response: Response) -> Response:
    return replace(response, authenticated=timedelta(0))


_with_instant("time_empty", "", "saml_schema_violated")
_with_instant("time_as_a_number", "1795424400", "saml_schema_violated")
_with_instant("time_on_the_thirtieth_of_february", "2026-02-30T09:00:00Z", "saml_schema_violated")
_with_instant("time_at_hour_twenty_five", "2026-02-03T25:00:00Z", "saml_schema_violated")
_with_instant("time_in_full_width_digits", "\uff12026-02-03T09:00:00Z", "saml_schema_violated")
_with_instant("time_before_christ", "-2026-02-03T09:00:00Z", "saml_value_unreadable")
_with_instant("time_of_five_digit_years", "20260-02-03T09:00:00Z", "saml_value_unreadable")
_with_instant("time_at_hour_twenty_four", "2026-02-03T24:00:00Z", "saml_value_unreadable")
_with_instant("date_without_a_time", "2026-02-03", "saml_schema_violated")
