"""Does the IO that a plan asks for: metric checks and webhooks side by side, under one deadline."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from burgee.adapters import fanout
from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.secrets import Secrets
from burgee.adapters.deeds import Note, ignore
from burgee.adapters.outside import webhooks
from burgee.adapters.outside.addresses import AddressPolicy
from burgee.adapters.outside.errands import Errands
from burgee.adapters.sources.registry import Sources
from burgee.api.manifest import Manifest
from burgee.engine.decision import Findings, Plan
from burgee.engine.effects import HookCall, HookResult
from burgee.engine.objects.pods import worst_pod
from burgee.errors import ClusterError, NotFound
from burgee.metrics.model import Check, Measurement, Source, SourceError
from burgee.routers.base import RelatedKind

MOMENT_SECONDS = 0.05
DIAGNOSIS_SECONDS = 2.0
FORBIDDEN = 403


@dataclass(frozen=True, kw_only=True, slots=True)
class Fieldwork:
    """The IO of one sync.

    Attributes:
        secrets: of the metric sources, as this sync has read them.
        errands: webhooks that take longer than a sync.
        policy: which addresses webhooks may reach.
        executor: its threads do the waiting; this sync's share of them.
        namespace: of the Canary.
        deadline: the monotonic() time by which all must be done.
        monotonic: seconds that never jump.
        note: is told of every check, webhook and source.
    """

    kube: KubeClient
    secrets: Secrets
    errands: Errands
    sources: Sources
    policy: AddressPolicy
    executor: Executor
    namespace: str
    deadline: float
    monotonic: Callable[[], float]
    note: Note = ignore

    def left_seconds(self) -> float:
        """What is left of the budget, never less than a moment, so that a time-out is a time."""
        return max(MOMENT_SECONDS, self.deadline - self.monotonic())

    def run(self, plan: Plan) -> Findings:
        """Everything that is due; what does not end in time counts as failed."""
        # Beside a call that takes longer than a sync, others would be made again in every look.
        beside = any(hook.may_outlast_a_sync for hook in plan.hooks)
        found = fanout.run(
            plan,
            measure=self._measure,
            call=self._call_beside if beside else self._call,
            probe=self._probe,
            executor=self.executor,
            deadline=self.deadline,
            note=self.note,
        )
        if plan.others:
            found = replace(found, others=self._others(plan.others))
        return replace(found, pods=self._diagnose(plan)) if plan.pods_of else found

    def _others(self, kind: RelatedKind) -> tuple[Manifest, ...]:
        """Routes of a kind in the namespace; none where burgee has no right to list them.

        Raises:
            ClusterError: they could not be listed now.
        """
        try:
            found = self.kube.list(
                kind.api_version, kind.kind, self.namespace, timeout_seconds=self.left_seconds()
            )
        except NotFound:
            return ()
        except ClusterError as error:
            if error.status == FORBIDDEN:
                return ()
            raise
        return tuple(found)

    def _diagnose(self, plan: Plan) -> str:
        """The state of the worst pod; empty where pods cannot be read, for it only explains."""
        selector = ",".join(f"{key}={value}" for key, value in (plan.pods_of or {}).items())
        try:
            pods = self.kube.list(
                "v1",
                "Pod",
                self.namespace,
                label_selector=selector,
                timeout_seconds=min(DIAGNOSIS_SECONDS, self.left_seconds()),
            )
        except ClusterError:
            return ""
        return worst_pod(pods)

    def call_hook(self, call: HookCall) -> HookResult:
        """One webhook, within what is left."""
        return self._call(call, self.left_seconds())

    def _call_beside(self, call: HookCall, seconds: float) -> HookResult:
        if call.type == fanout.ROLLBACK:
            return self._call(call, seconds)
        return self.errands.run(call, seconds)

    def _call(self, call: HookCall, seconds: float) -> HookResult:
        return webhooks.call(call, deadline_seconds=seconds, policy=self.policy)

    def _measure(self, check: Check, seconds: float) -> Measurement:
        try:
            credentials = self._credentials(check.source, seconds)
        except ClusterError as error:
            return SourceError(message=_unread(error))
        return self.sources.measure(check, credentials, timeout_seconds=seconds)

    def _probe(self, source: Source, seconds: float) -> str:
        try:
            credentials = self._credentials(source, seconds)
        except ClusterError as error:
            return _unread(error)
        return self.sources.problem(source, credentials, timeout_seconds=seconds)

    def _credentials(self, source: Source, seconds: float) -> Mapping[str, str] | None:
        return self.secrets.data(*source.secret, seconds) if source.secret else None


def _unread(error: ClusterError) -> str:
    return f"the Secret of the metric source: {error}"
