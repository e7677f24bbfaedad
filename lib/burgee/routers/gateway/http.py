"""The rules of an HTTPRoute for given weights.

Source: flagger pkg/router/gateway_api.go and gateway_api_v1beta1.go. Different on purpose: requests
are mirrored in the stage before a canary's first step too, v1beta1 has the primary cookie, and
where there was no run yet session affinity makes one rule instead of twice the same.
"""

from dataclasses import dataclass

from burgee.api.analysis import SessionAffinity
from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.errors import InvalidCanary
from burgee.routers.affinity import (
    SET_COOKIE,
    canary_cookie_header,
    expired_cookie_header,
    primary_cookie_header,
)
from burgee.routers.base import Cookies, ServiceNames, Weights
from burgee.routers.gateway.backends import analysis_mirror, primary_ref, weighted_refs
from burgee.routers.gateway.checks import check_count
from burgee.routers.gateway.filters import (
    http_filters,
    set_cookie_filter,
    timeouts,
    with_answer_header,
)
from burgee.routers.gateway.matches import (
    EVERY_PATH,
    cookie_matches,
    http_matches,
    narrowed_matches,
    refuse_empty_tests,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpRules:
    """The rules in one version of the API.

    Attributes:
        complete: with time limits, CORS and copies of a share of the requests. Servers that serve
            nothing newer than v1beta1 may refuse them.
    """

    complete: bool

    def __call__(
        self, canary: Canary, names: ServiceNames, weights: Weights, cookies: Cookies
    ) -> list[Manifest]:
        """The weighted rule and those of session affinity, or the two of an A/B test.

        In an A/B test session affinity has no say: there the conditions of the test keep a
        client where it is.

        Raises:
            InvalidCanary: Gateway API cannot express it.
        """
        rules = self._rules(canary, names, weights, cookies)
        _check_prefixes(canary, rules)
        check_count(rules)
        return rules

    def _rules(
        self, canary: Canary, names: ServiceNames, weights: Weights, cookies: Cookies
    ) -> list[Manifest]:
        plan = canary.spec.plan
        general = http_matches(canary.spec.service.match, "spec.service.match")
        everybody = general or [{"path": dict(EVERY_PATH)}]
        common = self._common(canary)
        backends = weighted_refs(canary, names, weights)
        if plan.match:
            refuse_empty_tests(plan.match, "spec.analysis.match")
            tested = http_matches(plan.match, "spec.analysis.match")
            return [
                {
                    **common,
                    "matches": narrowed_matches(tested, everybody),
                    "backendRefs": backends,
                },
                {**common, "matches": everybody, "backendRefs": primary_ref(canary, names)},
            ]
        mirror = analysis_mirror(canary, names, weights, percent=self.complete)
        filters = [*(common.get("filters") or []), *mirror]
        weighted = {
            **common,
            **({"filters": filters} if filters else {}),
            "matches": everybody,
            "backendRefs": backends,
        }
        affinity = plan.session_affinity
        if affinity is None:
            return [weighted]
        if weights.canary == 0:
            return _forgetting(affinity, general, weighted, cookies.previous)
        return _sticking(canary, affinity, general, weighted, cookies)

    def _common(self, canary: Canary) -> Manifest:
        """What all rules share."""
        filters = http_filters(canary, cors=self.complete)
        limits = timeouts(canary.spec.service) if self.complete else {}
        return {
            **({"filters": filters} if filters else {}),
            **({"timeouts": limits} if limits else {}),
        }


def _sticking(
    canary: Canary,
    affinity: SessionAffinity,
    general: list[Manifest],
    weighted: Manifest,
    cookies: Cookies,
) -> list[Manifest]:
    if not cookies.canary:
        return [weighted]
    to_primary, to_canary = weighted["backendRefs"]
    rules = [_sticky(general, weighted, cookies.canary, primary=0)]
    header = canary_cookie_header(affinity, cookies.canary)
    to_canary = {**to_canary, "filters": [set_cookie_filter(SET_COOKIE, header)]}
    if affinity.primary_cookie_name and cookies.primary:
        rules.append(_sticky(general, weighted, cookies.primary, primary=100))
        header = primary_cookie_header(canary.spec.plan, affinity, cookies.primary)
        to_primary = {**to_primary, "filters": [set_cookie_filter(SET_COOKIE, header)]}
    return [*rules, {**weighted, "backendRefs": [to_primary, to_canary]}]


def _sticky(general: list[Manifest], weighted: Manifest, cookie: str, *, primary: int) -> Manifest:
    to_primary, to_canary = weighted["backendRefs"]
    return {
        **weighted,
        "matches": cookie_matches(general, cookie),
        "backendRefs": [
            {**to_primary, "weight": primary},
            {**to_canary, "weight": 100 - primary},
        ],
    }


def _forgetting(
    affinity: SessionAffinity, general: list[Manifest], weighted: Manifest, previous: str
) -> list[Manifest]:
    if not previous:
        return [weighted]
    header = expired_cookie_header(affinity, previous)
    filters = with_answer_header(weighted.get("filters") or [], SET_COOKIE, header)
    forget = {**weighted, "matches": cookie_matches(general, previous), "filters": filters}
    return [forget, weighted]


def _check_prefixes(canary: Canary, rules: list[Manifest]) -> None:
    """Refuses what an API server would: which prefix to replace has to be clear in every rule."""
    rewrite = canary.spec.service.rewrite
    if rewrite is None or not rewrite.uri or rewrite.type != "ReplacePrefixMatch":
        return
    for rule in rules:
        paths = [match.get("path", EVERY_PATH)["type"] for match in rule["matches"]]
        if paths != ["PathPrefix"]:
            raise InvalidCanary(
                "InvalidRewrite",
                "spec.service.rewrite.type ReplacePrefixMatch needs exactly one condition, with a "
                "prefix, in spec.service.match and in spec.analysis.match",
            )
