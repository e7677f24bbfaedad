"""Why a pod does not come up, in a line. Never the text of a container, which may hold a secret."""

from collections.abc import Iterable, Iterator

from burgee.api.manifest import Manifest, name_of

# From what surely needs a person to what may pass by itself.
_ORDER = (
    "CreateContainerConfigError",
    "InvalidImageName",
    "ErrImageNeverPull",
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "OOMKilled",
    "Error",
    "Unschedulable",
)


def worst_pod(pods: Iterable[Manifest]) -> str:
    """What is wrong with the pod that is worst off, empty where nothing is known."""
    found = [said for pod in pods for said in _troubles(pod)]
    return min(found, key=_rank)[1] if found else ""


def _rank(found: tuple[str, str]) -> tuple[int, str]:
    reason, text = found
    return (_ORDER.index(reason) if reason in _ORDER else len(_ORDER), text)


def _troubles(pod: Manifest) -> Iterator[tuple[str, str]]:
    """(reason, text) of each trouble of a pod."""
    status: Manifest = pod.get("status") or {}
    containers: list[Manifest] = [
        *(status.get("initContainerStatuses") or []),
        *(status.get("containerStatuses") or []),
    ]
    for container in containers:
        name = f"pod {name_of(pod)}, container {container.get('name', '')}"
        state: Manifest = container.get("state") or {}
        waiting: Manifest = state.get("waiting") or {}
        last: Manifest = container.get("lastState") or {}
        ended: Manifest = state.get("terminated") or last.get("terminated") or {}
        restarts = container.get("restartCount", 0)
        if waiting.get("reason") and waiting["reason"] != "ContainerCreating":
            again = f" after {restarts} restarts" if restarts else ""
            code = f", last exit code {ended['exitCode']}" if "exitCode" in ended else ""
            yield waiting["reason"], f"{name} is waiting: {waiting['reason']}{again}{code}"
        elif ended.get("exitCode"):
            reason = str(ended.get("reason") or "Error")
            yield reason, f"{name} ended: {reason}, exit code {ended['exitCode']}"
    conditions: list[Manifest] = status.get("conditions") or []
    for condition in conditions:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            reason = str(condition.get("reason", ""))
            yield reason, f"pod {name_of(pod)} is not scheduled: {reason}"
        if condition.get("type") == "Ready" and condition.get("status") == "False":
            reason = str(condition.get("reason", ""))
            yield reason, f"pod {name_of(pod)} is not ready: {reason}"


def pod_labels(workload: Manifest | None) -> dict[str, str]:
    """The labels that a workload's pods are found by; empty where it has none."""
    spec: Manifest = (workload or {}).get("spec") or {}
    selector: Manifest = spec.get("selector") or {}
    return dict(selector.get("matchLabels") or {})
