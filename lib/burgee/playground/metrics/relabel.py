"""Prometheus's relabelling.

The rules are written once, in Prometheus's own form: a real server gets them in its
configuration file, the in-process one interprets them here.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from burgee.playground.metrics.promql.functions import expand

Rule: TypeAlias = dict[str, Any]
"""One entry of `metric_relabel_configs`: replace, keep, drop or labeldrop."""


def relabelled(labels: Mapping[str, str], rules: Iterable[Rule]) -> dict[str, str] | None:
    """The labels after all rules; None where a rule drops the series."""
    found = dict(labels)
    for rule in rules:
        pattern = _pattern(rule["regex"])
        match rule["action"]:
            case "labeldrop":
                found = {n: v for n, v in found.items() if pattern.fullmatch(n) is None}
                continue
            case action:
                value = ";".join(found.get(name, "") for name in rule["source_labels"])
                matched = pattern.fullmatch(value)
        if action == "keep" and matched is None:
            return None
        if action == "drop" and matched is not None:
            return None
        if action == "replace" and matched is not None:
            text = expand(rule["replacement"], matched)
            if text:
                found[rule["target_label"]] = text
            else:
                found.pop(rule["target_label"], None)
    return found


@lru_cache(maxsize=256)
def _pattern(regex: str) -> re.Pattern[str]:
    return re.compile(regex)
