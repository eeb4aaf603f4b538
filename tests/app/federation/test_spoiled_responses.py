"""Whatever is posted is accepted or refused, and never fails in another way."""

from hypothesis import given, settings as hypothesis_settings, strategies as st
from lxml import etree

from federation.adapters.python3saml_verifier import PythonSAMLVerifier
from federation.domain.saml import ResponseRefused
from tests.fakes.idp import NOW, Response, a_tree, an_expectation, encoded

RAW = etree.tostring(a_tree(Response(), sign="both"))
VICTIM = "joe@customer.example"


def name_of(raw: bytes) -> str:
    try:
        return (
            PythonSAMLVerifier()
            .verified_assertion(saml_response=encoded(raw), expectation=an_expectation(), now=NOW)
            .name_id
        )
    except ResponseRefused:
        return ""


@hypothesis_settings(max_examples=400)
@given(st.integers(0, len(RAW)), st.binary(max_size=12), st.integers(0, 40))
def test_a_response_with_other_bytes_in_it_names_nobody_else(
    at: int, put: bytes, removed: int
) -> None:
    assert name_of(RAW[:at] + put + RAW[at + removed :]) in {"", VICTIM}


@hypothesis_settings(max_examples=300)
@given(st.integers(0, len(RAW)), st.integers(0, len(RAW)), st.integers(0, len(RAW)))
def test_a_response_with_a_piece_of_itself_moved_names_nobody_else(
    start: int, end: int, to: int
) -> None:
    piece = RAW[start:end]

    assert name_of(RAW[:to] + piece + RAW[to:]) in {"", VICTIM}


@hypothesis_settings(max_examples=200)
@given(st.text(max_size=200))
def test_any_text_at_all_is_refused(text: str) -> None:
    try:
        PythonSAMLVerifier().verified_assertion(
            saml_response=text, expectation=an_expectation(), now=NOW
        )
    except ResponseRefused:
        return
    raise AssertionError
