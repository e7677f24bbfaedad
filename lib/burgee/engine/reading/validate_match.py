"""What a request or an answer is told by: conditions and cookies, as any data plane needs them."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from burgee.api.analysis import SessionAffinity
from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.errors import InvalidCanary

# Wider than a header's name: Istio has claims of tokens among its headers, by their path.
_NAME: Final = re.compile(r"[\x21-\x7e]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_COOKIE_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
_NAMED: Final = ("headers", "withoutHeaders", "queryParams")


def check_matches(canary: Canary) -> None:
    """Refuses conditions that no request can fulfil, and a test that takes everybody.

    Providers write names and values into annotations and rule languages, where a line break would
    end the condition.

    Raises:
        InvalidCanary: with the field that is at fault.
    """
    spec = canary.spec
    _check_names(spec.service.match, "spec.service.match")
    _check_names(spec.plan.match, "spec.analysis.match")
    for number, entry in enumerate(spec.plan.match):
        if not any(entry.values()):
            raise InvalidCanary(
                "InvalidMatch",
                f"spec.analysis.match[{number}] has no condition: all requests would match",
            )


def check_cookies(affinity: SessionAffinity) -> None:
    """Refuses cookies that no client would send back, or that could not be told apart.

    Raises:
        InvalidCanary: with the field that is at fault.
    """
    field = "spec.analysis.sessionAffinity"
    names = (
        ("cookieName", affinity.cookie_name),
        ("primaryCookieName", affinity.primary_cookie_name),
    )
    for word, name in names:
        if (name or word == "cookieName") and not _COOKIE_NAME.fullmatch(name):
            raise InvalidCanary("InvalidCookie", f"{field}.{word} is no name of a cookie")
    if affinity.cookie_name == affinity.primary_cookie_name:
        raise InvalidCanary(
            "InvalidCookie", f"{field}.primaryCookieName must differ from {field}.cookieName"
        )
    for word, value in (("domain", affinity.domain), ("path", affinity.path)):
        if ";" in value or _CONTROL.search(value):
            raise InvalidCanary("InvalidCookie", f"{field}.{word} has characters that end it")


def _check_names(entries: Sequence[Manifest], field: str) -> None:
    for number, entry in enumerate(entries):
        for part in _NAMED:
            conditions: Mapping[str, Manifest | None] = entry.get(part) or {}
            for name, matcher in conditions.items():
                where = f"{field}[{number}].{part}.{name}"
                if part != "queryParams" and not _NAME.fullmatch(name):
                    raise InvalidCanary("InvalidMatch", f"{where!a} is no name of a header")
                if any(_CONTROL.search(text) for text in (name, *_texts(matcher))):
                    raise InvalidCanary("InvalidMatch", f"{where!a} has a control character")


def _texts(matcher: Manifest | None) -> list[str]:
    return [value for value in (matcher or {}).values() if isinstance(value, str)]
