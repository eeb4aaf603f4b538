"""The shape of API tokens."""

from hypothesis import given, strategies

from governance.tenancy.domain import tokens


def test_a_generated_token_is_well_formed_and_new_each_time() -> None:
    first, second = tokens.generate(), tokens.generate()

    assert tokens.is_well_formed(first)
    assert tokens.is_well_formed(second)
    assert first != second


@given(strategies.text())
def test_noise_is_not_a_token(text: str) -> None:
    assert not tokens.is_well_formed(text)


def test_a_token_with_a_changed_character_is_not_well_formed() -> None:
    token = tokens.generate()

    changed = token[:10] + ("a" if token[10] != "a" else "b") + token[11:]

    assert not tokens.is_well_formed(changed)
