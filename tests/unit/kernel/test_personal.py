"""A value about a person cannot print itself."""

import copy
import json
import logging
import pickle

import pytest

from governance.kernel.personal import Personal

EMAIL = "dora@customer.example"


def test_every_way_of_printing_shows_stars() -> None:
    value = Personal(EMAIL)

    shown = [str(value), repr(value), f"{value}", f"{value!r}", f"{value:>40}", f"{[value]}"]

    assert not any("dora" in each for each in shown)
    assert {str(value), repr(value), f"{value:>40}"} == {"***"}


def test_a_log_line_shows_stars(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("erasing %s and %r", Personal(EMAIL), Personal(EMAIL))

    assert caplog.messages == ["erasing *** and ***"]


def test_only_reveal_opens_it() -> None:
    assert Personal(EMAIL).reveal() == EMAIL


def test_equal_values_are_equal_and_hash_alike() -> None:
    assert {Personal(EMAIL), Personal(EMAIL)} == {Personal(EMAIL)}
    assert Personal(EMAIL) != Personal("other")


def test_it_is_neither_pickled_nor_written_as_json() -> None:
    with pytest.raises(TypeError, match="pass an id"):
        pickle.dumps(Personal(EMAIL))
    with pytest.raises(TypeError):
        copy.copy(Personal(EMAIL))
    with pytest.raises(TypeError):
        json.dumps({"email": Personal(EMAIL)})
