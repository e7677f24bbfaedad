"""Rules that keep pods apart, rewritten so that primary pods keep apart from each other.

Only anti-affinity and topology spread are rewritten, and only where the value is the name of
the target: a rule about other workloads keeps its meaning. Source: flagger
pkg/canary/deployment_controller.go, appendPrimarySuffixToValuesIfNeeded.
"""

from burgee.api.manifest import Manifest
from burgee.targets.naming import PRIMARY_SUFFIX

_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


def rewrite_scheduling(pod_spec: Manifest, target: str, labels: tuple[str, ...]) -> Manifest:
    """The pod spec with `target` replaced by the primary's name under the allowed labels."""
    changes: Manifest = {}
    spread: list[Manifest] = pod_spec.get("topologySpreadConstraints") or []
    if spread:
        changes["topologySpreadConstraints"] = [_term(item, target, labels) for item in spread]
    affinity: Manifest = pod_spec.get("affinity") or {}
    apart: Manifest = affinity.get("podAntiAffinity") or {}
    if apart:
        rewritten = _anti_affinity(apart, target, labels)
        changes["affinity"] = {**affinity, "podAntiAffinity": rewritten}
    return {**pod_spec, **changes}


def _anti_affinity(apart: Manifest, target: str, labels: tuple[str, ...]) -> Manifest:
    changes: Manifest = {}
    preferred: list[Manifest] = apart.get(_PREFERRED) or []
    if preferred:
        changes[_PREFERRED] = [
            {**item, "podAffinityTerm": _term(item.get("podAffinityTerm") or {}, target, labels)}
            for item in preferred
        ]
    required: list[Manifest] = apart.get(_REQUIRED) or []
    if required:
        changes[_REQUIRED] = [_term(item, target, labels) for item in required]
    return {**apart, **changes}


def _term(term: Manifest, target: str, labels: tuple[str, ...]) -> Manifest:
    """A term or constraint with its labelSelector rewritten."""
    selector: Manifest | None = term.get("labelSelector")
    if not selector:
        return term
    changes: Manifest = {}
    expressions: list[Manifest] = selector.get("matchExpressions") or []
    if expressions:
        changes["matchExpressions"] = [_expression(item, target, labels) for item in expressions]
    matched: Manifest = selector.get("matchLabels") or {}
    if matched:
        changes["matchLabels"] = {
            key: value + PRIMARY_SUFFIX if key in labels and value == target else value
            for key, value in matched.items()
        }
    return {**term, "labelSelector": {**selector, **changes}}


def _expression(expression: Manifest, target: str, labels: tuple[str, ...]) -> Manifest:
    """A matchExpression; the first value that is the target's name is replaced."""
    values: list[str] = expression.get("values") or []
    if expression.get("key") not in labels or target not in values:
        return expression
    at = values.index(target)
    return {**expression, "values": [*values[:at], target + PRIMARY_SUFFIX, *values[at + 1 :]]}
