"""Does the IO that a plan asks for: metric checks and webhooks side by side, under one deadline."""

import base64
import binascii
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

from burgee.adapters import fanout, prometheus, webhooks
from burgee.adapters.kube import KubeClient
from burgee.engine.decision import Findings, Plan
from burgee.engine.effects import HookCall, HookResult
from burgee.errors import ClusterError
from burgee.metrics.judge import judge
from burgee.metrics.model import BrokenCheck, Check, Judged, Measurement, SourceError, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Fieldwork:
    """The IO of one sync.

    Attributes:
        deadline: the monotonic() time by which all must be done.
        monotonic: seconds that never jump.
    """

    kube: KubeClient
    executor: Executor
    deadline: float
    monotonic: Callable[[], float]

    def left_seconds(self) -> float:
        """What is left of the budget, never less than a moment, so that a time-out is a time."""
        return max(0.05, self.deadline - self.monotonic())

    def run(self, plan: Plan) -> Findings:
        """Everything that is due; what does not end in time counts as failed."""
        asked = [check for check in plan.checks if isinstance(check, Check)]
        hooks = self.executor.submit(self._hooks, plan.hooks)
        measured = fanout.run_checks(
            asked, self._measure, self.executor, deadline=self.deadline, monotonic=self.monotonic
        )
        judged = tuple(
            judge(check, measured[check.id]) if isinstance(check, Check) else _broken(check)
            for check in plan.checks
        )
        return Findings(checks=judged, hooks=hooks.result())

    def call_hook(self, call: HookCall) -> HookResult:
        """One webhook, within what is left."""
        return webhooks.call(call, deadline_seconds=self.left_seconds())

    def _hooks(self, calls: tuple[HookCall, ...]) -> Mapping[str, HookResult]:
        return fanout.run_hooks(calls, self.call_hook)

    def _measure(self, check: Check) -> Measurement:
        secret = check.source.secret
        try:
            credentials = self._secret(*secret) if secret else None
        except ClusterError as error:
            return SourceError(message=f"the Secret of the metric source: {error}")
        return prometheus.measure(check, credentials, timeout_seconds=self.left_seconds())

    def _secret(self, namespace: str, name: str) -> Mapping[str, str]:
        found = self.kube.get("v1", "Secret", namespace, name, timeout_seconds=self.left_seconds())
        data: Mapping[str, str] = found.get("data") or {}
        return {key: _decoded(value) for key, value in data.items()}


def _decoded(value: str) -> str:
    """A value of a Secret; what is no text counts as empty, so that the source refuses it."""
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _broken(check: BrokenCheck) -> Judged:
    return Judged(id=check.id, name=check.name, verdict=Verdict.ERROR, message=check.reason)
