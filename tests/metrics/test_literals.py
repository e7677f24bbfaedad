"""Go's literals, read and written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgee.metrics.template_literals import number, quote, shortest, unquote


@settings(deadline=None)
@given(st.text())
def test_quoting_is_undone_by_unquoting(text: str) -> None:
    assert text == unquote(quote(text))


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_shortest_form_is_the_same_number(value: float) -> None:
    assert value == float(shortest(value))


@settings(deadline=None)
@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_integers_of_64_bits_are_read(value: int) -> None:
    assert value == number(str(value))


@pytest.mark.parametrize("literal", ["9223372036854775808", "0xfffffffffffffffff", "1e999", "09"])
def test_numbers_that_go_cannot_hold_are_refused(literal: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        number(literal)


@pytest.mark.parametrize(
    "literal", [r'"\z"', r'"\400"', r'"\ud800"', r'"\U00110000"', r'"\x4"', r'"\'"']
)
def test_unknown_escapes_are_refused(literal: str) -> None:
    with pytest.raises(ValueError, match="unknown escape"):
        unquote(literal)
