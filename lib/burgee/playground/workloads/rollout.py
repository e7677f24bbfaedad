"""How the pods of a Deployment, DaemonSet or StatefulSet come and go: PURE.

Pods are numbers here. All new pods of a template become ready together, after a delay, or never;
until then a rolling update keeps the ready pods of the older template that its limits demand.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil, floor

from burgee.api.manifest import Manifest, annotations_of, labels_of

NEVER_READY = "rig/never-ready"
BROKEN_TAGS = (":broken", ":crash")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pods:
    """The pods of one workload since its template or its replicas changed last.

    Attributes:
        template: digest of the newest template.
        failing: whether pods of this template never become ready.
        since: when the change was.
        wanted: the replicas that were asked for then.
        started: pods of this template that were ready at the change already.
        old: ready pods of the template before, at the change.
        old_template: its digest.
        revision: how many templates there have been.
        finished: whether a rollout of this template was complete once.
        barred: whether a quota keeps more pods from being made.
        ill: pods of this template that are not ready though they were started.
        waits: whether there is a newer template that a paused Deployment does not roll out.
    """

    template: str
    failing: bool
    since: datetime
    wanted: int
    started: int = 0
    old: int = 0
    old_template: str = ""
    revision: int = 1
    finished: bool = False
    barred: bool = False
    ill: int = 0
    waits: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How far a rollout may go, in pods, and how long a pod takes."""

    max_unavailable: int
    max_surge: int
    ready_delay: timedelta
    available_delay: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """The pods at one moment."""

    wanted: int
    updated: int
    updated_ready: int
    updated_available: int
    old: int

    @property
    def total(self) -> int:
        """All pods."""
        return self.updated + self.old

    @property
    def ready(self) -> int:
        """Pods that are ready."""
        return self.updated_ready + self.old

    @property
    def available(self) -> int:
        """Pods that have been ready for long enough."""
        return self.updated_available + self.old

    @property
    def complete(self) -> bool:
        """Whether the rollout is over."""
        return self.updated == self.updated_available == self.total == self.wanted


def count(pods: Pods, limits: Limits, now: datetime) -> Counts:
    """The pods at `now`."""
    wanted = pods.wanted
    started = min(pods.started, wanted)
    ready = wanted if _past(pods, limits.ready_delay, now) else started
    available = wanted if _past(pods, limits.available_delay, now) else started
    well = max(wanted - pods.ill, 0)
    ready, available = min(ready, well), min(available, well)
    kept = min(pods.old, max(wanted - limits.max_unavailable - available, 0))
    room = 0 if pods.barred else min(wanted, wanted + limits.max_surge - kept)
    updated = max(room, started)
    if pods.waits:
        kept += min(available, updated)
        return Counts(wanted=wanted, updated=0, updated_ready=0, updated_available=0, old=kept)
    return Counts(
        wanted=wanted,
        updated=updated,
        updated_ready=min(ready, updated),
        updated_available=min(available, updated),
        old=kept,
    )


def advance(
    pods: Pods | None,
    workload: Manifest,
    limits: Limits,
    now: datetime,
    *,
    wanted: int,
    crowded: bool = False,
) -> Pods:
    """The pods after what the workload asks for now.

    Args:
        pods: as they were; None for a workload that was not seen before.
        workload: as it is now.
        limits: those of the workload.
        now: aware UTC time.
        wanted: the replicas that it asks for.
        crowded: whether a quota is used up.
    """
    digest = template_digest(workload)
    if pods is None:
        return Pods(
            template=digest,
            failing=never_ready(workload),
            since=now,
            wanted=wanted,
            barred=crowded,
        )
    if pods.barred and not crowded:
        pods = replace(pods, barred=False, since=now)
    paused = bool(workload["spec"].get("paused"))
    was = count(replace(pods, waits=False), limits, now)
    held = replace(
        pods,
        finished=pods.finished or was.complete,
        waits=paused and digest != pods.template,
    )
    if digest != held.template and not paused:
        back = digest == held.old_template
        return Pods(
            template=digest,
            failing=never_ready(workload),
            since=now,
            wanted=wanted,
            # Going back finds the pods of that template where they were left.
            started=was.old if back else 0,
            old=was.updated_available if back else was.available,
            old_template=held.template if was.updated_available else held.old_template,
            revision=held.revision + 1,
            barred=crowded and not limits.max_unavailable,
        )
    if wanted != held.wanted:
        return replace(
            held,
            since=now,
            wanted=wanted,
            started=min(was.updated_available, wanted),
            old=min(was.old, wanted),
            barred=crowded and wanted > held.wanted,
            ill=min(held.ill, wanted),
        )
    return held


def next_change(pods: Pods, limits: Limits, deadline: timedelta | None) -> list[datetime]:
    """When time alone will change something."""
    delays = [] if pods.failing or pods.barred else [limits.ready_delay, limits.available_delay]
    if deadline is not None and not pods.finished:
        delays.append(deadline)
    return [pods.since + delay for delay in delays]


def template_digest(workload: Manifest) -> str:
    """A short word for the pod template, as it ends up in names of ReplicaSets."""
    template = json.dumps(workload["spec"].get("template") or {}, sort_keys=True)
    return hashlib.blake2b(template.encode(), digest_size=5).hexdigest()


def never_ready(workload: Manifest) -> bool:
    """Whether the pod template asks to fail: by label, annotation or the tag of an image."""
    template: Manifest = workload["spec"].get("template") or {}
    if "true" in {labels_of(template).get(NEVER_READY), annotations_of(template).get(NEVER_READY)}:
        return True
    containers: list[Manifest] = (template.get("spec") or {}).get("containers") or []
    return any(str(c.get("image", "")).endswith(BROKEN_TAGS) for c in containers)


def wanted_replicas(workload: Manifest, node_labels: Mapping[str, str]) -> int:
    """How many pods a workload asks for; a DaemonSet asks for one if it selects the node."""
    spec = workload["spec"]
    if workload["kind"] != "DaemonSet":
        return int(spec.get("replicas", 1))
    pod_spec: Manifest = (spec.get("template") or {}).get("spec") or {}
    selector: Manifest = pod_spec.get("nodeSelector") or {}
    return int(all(node_labels.get(key) == value for key, value in selector.items()))


def limits_of(workload: Manifest, ready_delay: timedelta, wanted: int) -> Limits:
    """The limits of a workload; only a Deployment may surge here."""
    spec = workload["spec"]
    least = timedelta(seconds=int(spec.get("minReadySeconds", 0)))
    unavailable, surge = 1, 0
    if workload["kind"] == "Deployment":
        rolling: Manifest = (spec.get("strategy") or {}).get("rollingUpdate") or {}
        unavailable = _share(rolling.get("maxUnavailable", "25%"), wanted, up=False)
        surge = _share(rolling.get("maxSurge", "25%"), wanted, up=True)
        if unavailable == surge == 0:
            unavailable = 1
        if (spec.get("strategy") or {}).get("type") == "Recreate":
            unavailable, surge = wanted, 0
    return Limits(
        max_unavailable=unavailable,
        max_surge=surge,
        ready_delay=ready_delay,
        available_delay=ready_delay + least,
    )


def _past(pods: Pods, delay: timedelta, now: datetime) -> bool:
    return not (pods.failing or pods.barred) and now >= pods.since + delay


def _share(value: object, wanted: int, *, up: bool) -> int:
    if isinstance(value, str):
        part = int(value.rstrip("%")) * wanted / 100
        return ceil(part) if up else floor(part)
    return int(str(value))
