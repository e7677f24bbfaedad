"""The part of kubectl's JSONPath that printer columns use.

Fields (`.a.b`, `['a.b']`, a dot in a name after a backslash), indexes (`[0]`), all items (`[*]`) and one kind of filter
(`[?(@.type=="Ready")]`).
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

_STEP = re.compile(
    r"""\.(?P<name>(?:\\.|[^.\[\\])+)
      | \[\s*'(?P<quoted>[^']*)'\s*\]
      | \[\s*(?P<index>-?\d+)\s*\]
      | (?P<all>\[\*\])
      | \[\?\(\s*@\.(?P<field>[\w.\-/]+)\s*==\s*(?P<quote>["'])(?P<value>.*?)(?P=quote)\s*\)\]
    """,
    re.VERBOSE,
)

_Step: TypeAlias = tuple[str, str, str]


@lru_cache(maxsize=512)
def _steps(path: str) -> tuple[_Step, ...]:
    found: list[_Step] = []
    place = 0
    text = path.strip("{}").removeprefix("$")
    while place < len(text):
        step = _STEP.match(text, place)
        if step is None:
            return ()
        if step["name"] is not None:
            found.append(("field", step["name"].replace("\\.", "."), ""))
        elif step["quoted"] is not None:
            found.append(("field", step["quoted"], ""))
        elif step["index"] is not None:
            found.append(("index", step["index"], ""))
        elif step["all"] is not None:
            found.append(("all", "", ""))
        else:
            found.append(("filter", step["field"], step["value"]))
        place = step.end()
    return tuple(found)


def find(path: str, value: Any) -> list[Any]:
    """Everything that a path leads to; nothing for a path that can't be read."""
    steps = _steps(path)
    if not steps:
        return []
    found: list[Any] = [value]
    for step in steps:
        found = [below for v in found for below in _below(step, v)]
    return found


def _below(step: _Step, value: Any) -> Iterable[Any]:
    kind, name, wanted = step
    if kind == "field":
        return (value[name],) if isinstance(value, Mapping) and name in value else ()
    if kind == "all":
        if isinstance(value, Mapping):
            return value.values()
        return value if isinstance(value, list) else ()
    if not isinstance(value, list):
        return ()
    if kind == "index":
        return value[int(name) :][:1]
    return [v for v in value if isinstance(v, Mapping) and str(v.get(name)) == wanted]
