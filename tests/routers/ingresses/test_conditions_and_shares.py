"""analysis.match as values, and what observed routes do with requests."""

from collections.abc import Callable
from typing import Any

import pytest

from burgee.errors import InvalidCanary
from burgee.routers.conditions import Alternative, Condition, Way, alternatives, literal
from burgee.routers.shares import canary_share, rule


def condition(way: str, value: str) -> Condition:
    return Condition(name="h", way=Way(way), value=value)


@pytest.mark.parametrize(
    ("way", "value", "searched", "whole", "either"),
    [
        ("exact", "a.b", r"^a\.b$", r"a\.b", r"^a\.b$"),
        ("prefix", "a.b", r"^a\.b", r"a\.b.*", r"^a\.b.*$"),
        ("suffix", "a.b", r"a\.b$", r".*a\.b", r"^.*a\.b$"),
        ("regex", "a.b", "a.b", "a.b", "a.b"),
    ],
)
def test_ways_to_compare_as_regular_expressions(
    way: str, value: str, searched: str, whole: str, either: str
) -> None:
    found = condition(way, value)

    assert (found.searched, found.whole, found.either) == (searched, whole, either)


def test_a_literal_means_just_its_text() -> None:
    assert literal(r"\.+*?()|[]{}^$-/ :") == r"\\\.\+\*\?\(\)\|\[\]\{\}\^\$-/ :"


def test_entries_are_alternatives_with_sorted_conditions(make_case: Callable[..., Any]) -> None:
    match = [
        {"headers": {"b": {"exact": "1"}, "a": {"prefix": "2"}}},
        {"queryParams": {"q": {"regex": "3"}}, "headers": {}},
    ]
    canary, _ = make_case(analysis={"match": match})

    assert alternatives(canary) == (
        Alternative(
            headers=(
                Condition(name="a", way=Way.PREFIX, value="2"),
                Condition(name="b", way=Way.EXACT, value="1"),
            )
        ),
        Alternative(parameters=(Condition(name="q", way=Way.REGEX, value="3"),)),
    )


@pytest.mark.parametrize(
    ("entry", "parameters", "reason", "field"),
    [
        ({"sourceLabels": {"a": "b"}}, True, "UnsupportedMatch", "match[0].sourceLabels"),
        ({"queryParams": {"q": {"exact": "1"}}}, False, "UnsupportedMatch", "queryParams"),
        ({"headers": {}}, True, "InvalidMatch", "match[0]"),
        ({"headers": {"h": {}}}, True, "InvalidMatch", "headers.h"),
        ({"headers": {"h": {"exact": "1", "regex": "2"}}}, True, "InvalidMatch", "headers.h"),
    ],
)
def test_what_cannot_be_compared_is_refused_by_name(
    make_case: Callable[..., Any], entry: Any, parameters: bool, reason: str, field: str
) -> None:
    canary, _ = make_case(analysis={"match": [entry]})

    with pytest.raises(InvalidCanary) as caught:
        alternatives(canary, parameters=parameters)

    assert caught.value.reason == reason
    assert field in str(caught.value)


@pytest.mark.parametrize(
    ("rules", "share"),
    [
        pytest.param([], None, id="no rule"),
        pytest.param([rule([("other", 1)])], None, id="somebody else's"),
        pytest.param([rule([("podinfo-canary", 0)])], None, id="no weight at all"),
        pytest.param([rule([("podinfo-primary", 3), ("podinfo-canary", 1)])], 25, id="by parts"),
        pytest.param([rule([("podinfo-primary", 999), ("podinfo-canary", 1)])], 1, id="a little"),
        pytest.param([rule([("podinfo-primary", 1)])], 0, id="primary alone"),
        pytest.param(
            [rule([("podinfo-primary", 1)]), rule([("podinfo-canary", 1)])], 100, id="largest"
        ),
        pytest.param(
            [
                rule([("podinfo-primary", 2), ("podinfo-canary", 3)]),
                rule([("podinfo-primary", 9), ("podinfo-canary", 1)]),
            ],
            60,
            id="the larger of two",
        ),
        pytest.param(
            [rule([("podinfo-primary", 1)], copies=[("podinfo-canary", 30), ("other", 90)])],
            30,
            id="copies",
        ),
    ],
)
def test_share_of_the_canary_in_rules(
    make_case: Callable[..., Any], rules: Any, share: int | None
) -> None:
    _, names = make_case()

    assert canary_share(rules, names) == share
