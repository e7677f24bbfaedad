"""Cut a Go template into tokens: text, delimiters with their trim markers, and what is between.

Source: the syntax of Go's text/template (its documentation), as far as queries use it.
"""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import StrEnum

from burgee.errors import InvalidCanary

_SPACE = " \t\r\n"
_SPACES = frozenset(_SPACE)


class TemplateError(InvalidCanary):
    """A template that cannot be rendered; `line` and `column` count from 1."""

    def __init__(self, message: str, template: str, offset: int) -> None:
        """Turn the offset into a place that a person can find."""
        self.line = template.count("\n", 0, offset) + 1
        self.column = offset - (template.rfind("\n", 0, offset) + 1) + 1
        super().__init__("InvalidTemplate", f"line {self.line}, column {self.column}: {message}")


class Kind(StrEnum):
    """What a token is; the values are used in messages."""

    TEXT = "text"
    OPEN = "{{"
    CLOSE = "}}"
    DECLARE = ":="
    ASSIGN = "="
    PIPE = "|"
    LEFT = "("
    RIGHT = ")"
    QUOTED = "string"
    RAW = "raw string"
    NUMBER = "number"
    VARIABLE = "variable"
    FIELD = "field"
    NAME = "name"
    END = "end of template"


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `spaced` tells whether white space stands in front of it in its action."""

    kind: Kind
    text: str
    at: int
    spaced: bool = False


_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_TOKEN = re.compile(
    r"""
    (?P<CLOSE>\}\})
  | (?P<DECLARE>:=) | (?P<ASSIGN>=) | (?P<PIPE>\|) | (?P<LEFT>\() | (?P<RIGHT>\))
  | (?P<QUOTED>"(?:[^"\\\n]|\\[^\n])*") | (?P<RAW>`[^`]*`)
  | (?P<NUMBER>[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))(?!\w)
  | (?P<VARIABLE>\$\w*) | (?P<FIELD>\.\w*) | (?P<NAME>[^\W\d]\w*)
    """,
    re.VERBOSE,
)
_MUST_BE_SPACED = frozenset({Kind.QUOTED, Kind.RAW, Kind.NUMBER, Kind.VARIABLE, Kind.NAME})


def tokens(template: str) -> Iterator[Token]:
    """Yield the tokens of a template, ended by one of kind END.

    Comments yield nothing; text next to a trim marker comes without the trimmed white space.

    Raises:
        TemplateError: a character that starts no token, or an action, string or comment that
            never ends.
    """
    position, trim_left = 0, False
    while (start := template.find("{{", position)) >= 0:
        inside = start + 2
        trims = template.startswith("-", inside) and _is_space(template, inside + 1)
        text = template[position:start]
        yield from _text(text, position, trim_left=trim_left, trim_right=trims)
        if trims:
            inside += 2
        if template.startswith("/*", inside):
            position, trim_left = _comment(template, start, inside)
            continue
        yield Token(Kind.OPEN, "{{", start)
        position, trim_left = yield from _action(template, start, inside, spaced=trims)
    yield from _text(template[position:], position, trim_left=trim_left, trim_right=False)
    yield Token(Kind.END, "", len(template))


def _is_space(template: str, position: int) -> bool:
    return template[position : position + 1] in _SPACES


def _text(text: str, at: int, *, trim_left: bool, trim_right: bool) -> Iterator[Token]:
    text = text.lstrip(_SPACE) if trim_left else text
    text = text.rstrip(_SPACE) if trim_right else text
    if text:
        yield Token(Kind.TEXT, text, at)


def _comment(template: str, start: int, inside: int) -> tuple[int, bool]:
    """The position behind a comment's closing delimiter, and whether that one trims."""
    found = _COMMENT.match(template, inside)
    if found is None:
        raise TemplateError("a comment never ends", template, start)
    behind = found.end()
    trims = _is_space(template, behind) and template.startswith("-}}", behind + 1)
    behind += 2 if trims else 0
    if not template.startswith("}}", behind):
        raise TemplateError("a comment must be alone in its action", template, start)
    return behind + 2, trims


def _action(
    template: str, start: int, inside: int, *, spaced: bool
) -> Generator[Token, None, tuple[int, bool]]:
    """Yield up to the closing delimiter; returns where it ends, and whether it trims."""
    position = inside
    touching = False
    while True:
        while _is_space(template, position):
            position, spaced = position + 1, True
        if spaced and template.startswith("-}}", position):
            yield Token(Kind.CLOSE, "}}", position)
            return position + 3, True
        found = _TOKEN.match(template, position)
        if found is None or found.lastgroup is None:
            raise TemplateError(_why_no_token(template, position), template, max(position, start))
        kind = Kind[found.lastgroup]
        if touching and not spaced and kind in _MUST_BE_SPACED:
            raise TemplateError(f"white space is missing before {found[0]}", template, position)
        yield Token(kind, found[0], position, spaced)
        position = found.end()
        if kind is Kind.CLOSE:
            return position, False
        touching = kind in _MUST_BE_SPACED or kind in {Kind.FIELD, Kind.RIGHT}
        spaced = False


def _why_no_token(template: str, position: int) -> str:
    rest = template[position : position + 1]
    if not rest:
        return "an action never ends"
    if rest in {'"', "`"}:
        return "a string never ends"
    if rest == "'":
        return "character constants are not supported"
    return f"unexpected {rest!r} in an action"
