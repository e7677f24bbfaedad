"""What must hold at every write of a release whose weights are numbers of pods."""

from collections.abc import Iterable, Iterator, Mapping

from release_journal import Written
from release_objects import APP

from burgee.api.manifest import Manifest, labels_of
from burgee.targets.hashing import template_hash

PRIMARY_ONLY = {"app": f"{APP}-primary"}

Objects = dict[tuple[str, str], Manifest]


def worlds(
    writes: Iterable[Written], *, leaving: bool = False
) -> Iterator[tuple[Written, Objects]]:
    """Every write of workloads and Services since the set-up, with all objects as they were then.

    Args:
        writes: of one app.
        leaving: whether a deletion counts too, until the user's Service is given back.
    """
    objects: Objects = {}
    ready = False
    for written in writes:
        if written.new is None:
            objects.pop(written.key, None)
        else:
            objects[written.key] = written.new
        canary = objects.get(("Canary", APP)) or {}
        status = canary.get("status") or {}
        ready = ready or status.get("phase") == "Initialized"
        going = "deletionTimestamp" in (canary.get("metadata") or {})
        if going and objects["Service", APP]["spec"]["selector"] == {"app": APP}:
            return
        gone = not canary or (going and not leaving)
        if ready and not gone and written.key[0] in {"Deployment", "Service"}:
            yield written, objects


def behind(objects: Mapping[tuple[str, str], Manifest]) -> dict[str, int]:
    """Pods behind the apex Service, by their Deployment."""
    selector = objects["Service", APP]["spec"]["selector"]
    return {
        name: (found.get("status") or {}).get("availableReplicas", 0)
        for (kind, name), found in objects.items()
        if kind == "Deployment"
        and selector.items() <= labels_of(found["spec"]["template"]).items()
    }


def broken_rules(writes: Iterable[Written], pods: int, *, leaving: bool = False) -> list[str]:
    """Every write after which too few pods serve, or a revision may that nobody analysed.

    Args:
        writes: of one app.
        pods: that served before.
        leaving: whether a deletion counts too, until the user's Service is given back.
    """
    found: list[str] = []
    rolled = opened = ""
    for written, objects in worlds(writes, leaving=leaving):
        serving = behind(objects)
        if sum(serving.values()) < pods:
            found.append(f"{written.version} {written.key}: {serving} of {pods} serve")
        target = objects["Deployment", APP]
        if not (rolled and target["spec"].get("paused")):
            rolled = template_hash(target)
        is_open = serving.get(APP, 0) > 0
        if is_open and not opened:
            opened = rolled
            if opened != objects["Canary", APP]["status"].get("lastAppliedSpec"):
                found.append(f"{written.version} {written.key}: opened to another revision")
        opened = opened if is_open else ""
        if is_open and opened != rolled:
            found.append(f"{written.version} {written.key}: another revision is rolled out")
    return found
