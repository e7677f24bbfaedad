"""Checks and webhooks of a plan, and servers that take their time."""

import re
import time
from collections.abc import Callable

from burgee.engine.effects import HookCall, HookResult
from burgee.metrics.model import (
    Check,
    Limits,
    Measurement,
    Sample,
    Source,
)

LONG_SECONDS = 5.0

GOOD = HookResult(succeeded=True, message="answered 200", status_code=200)
BAD = HookResult(succeeded=False, message="answered 403", status_code=403)


def check(number: int, *, query: str = "", address: str = "http://prom:9090") -> Check:
    return Check(
        id=f"{number}/query",
        name=f"metric-{number}",
        source=Source(type="prometheus", address=address),
        query=query or f"up{number}",
        limits=Limits(maximum=10),
    )


def hook(number: int, *, url: str = "http://gate/", kind: str = "rollout") -> HookCall:
    return HookCall(
        name=f"hook-{number}",
        type=kind,
        url=url,
        payload={},
        timeout_seconds=LONG_SECONDS,
        retries=0,
        verify_tls=True,
        key=f"key-{number}",
    )


def source(name: str) -> Source:
    return Source(type="prometheus", address=f"http://{name}:9090")


def well(_source: Source, _seconds: float) -> str:
    return ""


def soon(seconds: float = LONG_SECONDS) -> float:
    return time.monotonic() + seconds


def late(found: Measurement | HookResult) -> bool:
    message = "" if isinstance(found, Sample) else found.message
    return re.fullmatch(r"no answer within 0\.[0-3] s", message) is not None


def answering(*results: HookResult, calls: list[str]) -> Callable[[HookCall, float], HookResult]:
    left = list(results)

    def call(hook_: HookCall, _seconds: float) -> HookResult:
        calls.append(hook_.key)
        return left.pop(0)

    return call
