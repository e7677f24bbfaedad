"""The tree of a parsed Go template. `at` is the offset in its text, for messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | Mapping[str, str]
"""Everything that an expression can be."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, number or boolean as written."""

    value: Value
    at: int


@dataclass(frozen=True, slots=True)
class Variable:
    """`$name`."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Function:
    """A name: one of Flagger's values, or a built-in function."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Field:
    """`operand.key`, as in `variables.key`."""

    operand: "Operand"
    key: str
    at: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands joined by `|`; each is an operand and its arguments.

    `variable` is the one that the result goes to, `declares` tells `:=` from `=`.
    """

    commands: tuple[tuple["Operand", ...], ...]
    at: int
    variable: str = ""
    declares: bool = False


Operand: TypeAlias = Literal | Variable | Function | Field | Pipeline


@dataclass(frozen=True, slots=True)
class Text:
    """What is copied as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Branch:
    """if, else; `else if` is a Branch in `otherwise`."""

    condition: Pipeline
    then: tuple["Node", ...]
    otherwise: tuple["Node", ...]


Node: TypeAlias = Text | Pipeline | Branch
