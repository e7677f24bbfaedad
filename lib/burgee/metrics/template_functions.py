"""The functions that Go templates have of their own, as far as queries use them.

Source: the documentation of Go's text/template and fmt. Where Go prints a mistake into the text
(`%!d(string=x)`), this refuses: such a text is never a query that was meant.
"""

import re
from collections.abc import Callable, Mapping

from burgee.metrics.template_literals import quote, shortest
from burgee.metrics.template_nodes import Value

_VERB = re.compile(r"%([-+# 0]*)(\d{0,3})(?:\.(\d{0,3}))?(.?)", re.DOTALL)


class FunctionError(Exception):
    """A function was called with what it cannot take."""


def text_of(value: Value) -> str:
    """A value as an action prints it."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return shortest(value)
        case Mapping():
            return f"map[{' '.join(f'{key}:{value[key]}' for key in sorted(value))}]"
        case _:
            return str(value)


def _print(*values: Value) -> str:
    """Spaces only between two that are no strings, as fmt.Sprint."""
    parts: list[str] = []
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            parts.append(" ")
        parts.append(text_of(value))
    return "".join(parts)


def _println(*values: Value) -> str:
    return " ".join(text_of(value) for value in values) + "\n"


def _printf(layout: Value, *values: Value) -> str:
    if not isinstance(layout, str):
        raise FunctionError("printf takes a string first")
    left = list(values)

    def one(found: re.Match[str]) -> str:
        flags, width, precision, verb = found.groups()
        if verb == "%":
            return "%"
        if not left:
            raise FunctionError(f"printf has no value for {found[0]}")
        return _formatted(left.pop(0), flags, width, precision, verb)

    text = _VERB.sub(one, layout)
    if left:
        raise FunctionError(f"printf has no verb for its last {len(left)} values")
    return text


def _formatted(value: Value, flags: str, width: str, precision: str | None, verb: str) -> str:
    """One value by one verb; integers and most floats mean the same to Python's `%`."""
    digits = "" if precision is None else f".{precision}"
    shown: str | None = None
    match value:
        case bool():
            if verb in {"t", "v"}:
                shown = text_of(value)
        case int():
            if verb in {"x", "X"} or (verb in {"d", "o", "v"} and "#" not in flags):
                return f"%{flags}{width}{digits}{'d' if verb == 'v' else verb}" % value
        case float():
            plain = {"v": "g"}.get(verb, verb)
            if plain in set("eEfFgG") and "#" not in flags and (digits or plain in set("eEfF")):
                return f"%{flags}{width}{digits}{plain}" % value
            if plain == "g" and not set(flags) & set("+# 0"):
                shown = shortest(value)
        case _:
            if verb in {"q", "s", "v"} and not set(flags) & set("+#"):
                shown = (
                    text_of(value) if precision is None else text_of(value)[: int(precision or 0)]
                )
                shown = quote(shown) if verb == "q" else shown
    if shown is None:
        raise FunctionError(f"printf cannot show {text_of(value)!r} as %{flags}{verb}")
    if "-" in flags:
        return shown.ljust(int(width or 0))
    return shown.rjust(int(width or 0), "0" if "0" in flags else " ")


def _index(container: Value, *keys: Value) -> Value:
    """An entry of a map; empty where it is missing, as in Go."""
    match keys:
        case ():
            return container
        case (str() as key,) if isinstance(container, Mapping):
            return container.get(key, "")
        case _:
            raise FunctionError("index takes a map and one key")


def _len(value: Value) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Mapping):
        return len(value)
    raise FunctionError(f"{text_of(value)} has no length")


def _eq(left: Value, *others: Value) -> bool:
    """True if the first equals any of the others."""
    for other in others:
        if isinstance(left, Mapping) or type(left) is not type(other):
            raise FunctionError("values of these types cannot be compared")
        if left == other:
            return True
    return False


def _ne(left: Value, right: Value) -> bool:
    return not _eq(left, right)


def _lt(left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    ordered = type(left) is type(right) and not isinstance(left, bool)
    if ordered and isinstance(left, int | float) and isinstance(right, int | float):
        return left < right
    raise FunctionError("values of these types have no order")


def _ge(left: Value, right: Value) -> bool:
    return not _lt(left, right)


def _gt(left: Value, right: Value) -> bool:
    return _lt(right, left)


def _le(left: Value, right: Value) -> bool:
    return not _lt(right, left)


def _not(value: Value) -> bool:
    return not value


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "eq": _eq,
    "ge": _ge,
    "gt": _gt,
    "index": _index,
    "le": _le,
    "len": _len,
    "lt": _lt,
    "ne": _ne,
    "not": _not,
    "print": _print,
    "printf": _printf,
    "println": _println,
}

ARITY: Mapping[str, tuple[int, int | None]] = {
    "and": (1, None),
    "eq": (2, None),
    "ge": (2, 2),
    "gt": (2, 2),
    "index": (1, None),
    "le": (2, 2),
    "len": (1, 1),
    "lt": (2, 2),
    "ne": (2, 2),
    "not": (1, 1),
    "or": (1, None),
    "print": (0, None),
    "printf": (1, None),
    "println": (0, None),
}
"""Least and most arguments; None is no limit. `and` and `or` are evaluated lazily, elsewhere."""
