"""Call the webhooks that gate a run: gates, load tests, acceptance tests.

Source: flagger pkg/controller/webhook.go, with hashicorp's go-retryablehttp behind it. Flagger
may wait for minutes between attempts; here a deadline ends them, and the message says so.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from burgee.adapters.outside.addresses import AddressPolicy
from burgee.adapters.outside.bounded import DEFAULT_POLICY, BoundedSession, reason
from burgee.engine.effects import HookCall, HookResult

_LIMIT_BYTES = 64 * 1024
_LONGEST_WAIT_SECONDS = 30.0
_LEAST_SECONDS = 0.001


def call(
    hook: HookCall,
    *,
    deadline_seconds: float,
    first_wait_seconds: float = 1.0,
    policy: AddressPolicy = DEFAULT_POLICY,
) -> HookResult:
    """POST a payload, again after what may pass by itself, until the deadline.

    Args:
        hook: what to send, and how often.
        deadline_seconds: for everything together: attempts and the waits between them.
        first_wait_seconds: after the first attempt; each further wait is twice as long, up to
            30 s. An answer of 429 or 503 may ask for another with Retry-After.
        policy: which addresses may be reached.

    Returns:
        How it ended. Never raises.
    """
    if min(deadline_seconds, hook.timeout_seconds) <= 0:
        return HookResult(succeeded=False, message="no time was left to call it")
    deadline = time.monotonic() + deadline_seconds
    try:
        body = json.dumps(hook.payload, allow_nan=False).encode()
        with BoundedSession(
            hook.url,
            limit_bytes=_LIMIT_BYTES,
            cut=True,
            verify=hook.verify_tls,
            policy=policy,
        ) as session:
            return _attempts(session, hook, body, deadline, first_wait_seconds)
    except Exception as error:
        return HookResult(succeeded=False, message=reason(error))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outcome:
    """How one attempt ended, and whether another may end differently."""

    result: HookResult
    may_pass: bool = False
    asked_wait_seconds: float | None = None

    def after(self, attempts: int, *, in_time: bool) -> HookResult:
        """The result, with how often it was tried where that is not once."""
        message = self.result.message
        message += f" ({attempts} attempts)" if attempts > 1 else ""
        message += "" if in_time else ", and no time is left for another attempt"
        return replace(self.result, message=message)


def _attempts(
    session: BoundedSession, hook: HookCall, body: bytes, deadline: float, wait_seconds: float
) -> HookResult:
    attempts = 0
    while True:
        left = max(deadline - time.monotonic(), _LEAST_SECONDS)
        outcome = _attempt(session, hook, body, min(hook.timeout_seconds, left))
        attempts += 1
        if not outcome.may_pass or attempts > hook.retries:
            return outcome.after(attempts, in_time=True)
        wait = outcome.asked_wait_seconds
        wait = min(wait_seconds, _LONGEST_WAIT_SECONDS) if wait is None else wait
        if time.monotonic() + wait >= deadline:
            return outcome.after(attempts, in_time=False)
        time.sleep(wait)
        wait_seconds *= 2


def _attempt(
    session: BoundedSession, hook: HookCall, body: bytes, timeout_seconds: float
) -> _Outcome:
    headers = {"Content-Type": "application/json", "Idempotency-Key": hook.key}
    try:
        response = session.post(
            hook.url,
            data=body,
            headers=headers,
            timeout=timeout_seconds,
            allow_redirects=False,
        )
    except (requests.ConnectionError, requests.Timeout) as error:
        result = HookResult(succeeded=False, message=reason(error))
        return _Outcome(
            result=result, may_pass=not isinstance(error, requests.exceptions.SSLError)
        )
    code = response.status_code
    result = HookResult(succeeded=code <= 202, message=f"answered {code}", status_code=code)
    return _Outcome(
        result=result,
        may_pass=code == 429 or (code >= 500 and code != 501),
        asked_wait_seconds=_asked_wait(response.headers) if code in {429, 503} else None,
    )


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds, whichever of its two forms it has; None without a usable one."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max((aware - datetime.now(UTC)).total_seconds(), 0.0)
