"""Who sends requests: a user with headers of its own, who keeps the cookies that it is given."""

import time
from collections.abc import Callable, Mapping, Sequence


class Visitor:
    """One user of the service. It belongs to one thread; others may look at its cookies."""

    def __init__(
        self,
        name: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        keeps_cookies: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._headers = dict(headers or {})
        self._keeps_cookies = keeps_cookies
        self._clock = clock
        self._jar: dict[str, tuple[str, float]] = {}

    def cookies(self) -> dict[str, str]:
        """The cookies that have not expired."""
        now = self._clock()
        return {name: value for name, (value, until) in list(self._jar.items()) if until > now}

    def headers(self) -> dict[str, str]:
        """What its next request carries."""
        kept = "; ".join(f"{name}={value}" for name, value in self.cookies().items())
        return {**self._headers, "cookie": kept} if kept else self._headers

    def learn(self, set_cookies: Sequence[str]) -> None:
        """Take the Set-Cookie headers of an answer; Max-Age of zero or less forgets a cookie."""
        if not self._keeps_cookies:
            return
        for text in set_cookies:
            pair, *attributes = (part.strip() for part in text.split(";"))
            name, _, value = pair.partition("=")
            self._jar[name] = (value, self._clock() + _max_age_seconds(attributes))


def _max_age_seconds(attributes: Sequence[str]) -> float:
    """How long a cookie lives; for ever where it does not say."""
    for attribute in attributes:
        key, _, value = attribute.partition("=")
        if key.lower() == "max-age":
            return float(value)
    return float("inf")
