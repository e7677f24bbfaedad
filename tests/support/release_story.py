"""Seeded stories: what a team does to one app over time, and how each part of it has to end.

A story is the same acts for one seed; its outcome must not depend on what goes wrong on the way.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from release_world import APP, App, deployment
from scripted_peers import NO_DATA, vector

from burgee.api.manifest import Manifest

CONFIG = "settings"
SECONDS = 60.0
_REAL_FIELDS = ("phase", "canaryWeight", "failedChecks", "lastAppliedSpec", "lastPromotedSpec")


class Act(StrEnum):
    """One thing that happens to an app."""

    PROMOTE = "a good revision"
    ROLL_BACK = "a revision that fails its checks"
    NO_DATA = "a revision without traffic"
    STUCK = "a revision that never becomes ready, and then a good one"
    RESTART = "two good revisions, the second in the middle of the run of the first"
    CONFIG = "an edit of a ConfigMap"
    SUSPEND = "a good revision, suspended in the middle"
    DRIFT = "a good revision, and somebody edits the route"


EVERYTHING = tuple(Act)
GOOD = (Act.PROMOTE, Act.RESTART, Act.CONFIG, Act.SUSPEND, Act.DRIFT)
"""Acts that end in a promotion, however often a step is taken again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """The acts of one app."""

    seed: int
    acts: tuple[Act, ...]

    @classmethod
    def of(cls, seed: int, length: int, acts: Sequence[Act] = EVERYTHING) -> "Story":
        """The story of a seed."""
        chance = random.Random(seed)
        return cls(seed=seed, acts=tuple(chance.choice(acts) for _ in range(length)))


def objects() -> list[Manifest]:
    """What an app of a story starts with."""
    volume = {"name": "c", "configMap": {"name": CONFIG}}
    return [config("0"), deployment("app:0", volumes=[volume])]


def config(value: str) -> Manifest:
    """The ConfigMap that the app's pods read."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": CONFIG},
        "data": {"value": value},
    }


def play(app: App, story: Story) -> None:
    """Do one act after the other, each to its end.

    Raises:
        AssertionError: an act did not end as it has to.
    """
    app.wait_phase("Initialized", seconds=SECONDS)
    for number, act in enumerate(story.acts, start=1):
        _play(app, act, number)
        app.wait_scaled(0, seconds=SECONDS)


def _play(app: App, act: Act, number: int) -> None:
    answers = app.arena.prometheus.answers
    image = f"app:{number}"
    match act:
        case Act.PROMOTE:
            app.release(image, seconds=SECONDS)
        case Act.ROLL_BACK | Act.NO_DATA:
            bad = NO_DATA if act is Act.NO_DATA else vector(0)
            answers[app.namespace] = lambda _: bad
            app.release(image, until="Failed", seconds=SECONDS)
            del answers[app.namespace]
        case Act.STUCK:
            app.edit(progressDeadlineSeconds=1)
            app.release(f"{image}:broken", until="Failed", seconds=SECONDS)
            app.edit(progressDeadlineSeconds=60)
            app.release(image, seconds=SECONDS)
        case Act.RESTART:
            app.set_image(f"{image}-early")
            app.wait_weight(25, seconds=SECONDS)
            app.release(image, seconds=SECONDS)
        case Act.CONFIG:
            before = app.status.get("trackedConfigs")
            app.apply(config(str(number)))
            app.wait(
                lambda s: s["phase"] == "Succeeded" and s.get("trackedConfigs") != before,
                seconds=SECONDS,
            )
        case Act.SUSPEND:
            app.set_image(image)
            app.wait_weight(25, seconds=SECONDS)
            app.edit(suspend=True)
            app.edit(suspend=None)
            app.wait_run("Succeeded", seconds=SECONDS)
        case Act.DRIFT:
            app.set_image(image)
            app.wait_weight(25, seconds=SECONDS)
            app.steer(50)
            app.wait_run("Succeeded", seconds=SECONDS)


def ending(app: App) -> Manifest:
    """How a story ended, without what differs between two runs: times, names, versions."""
    status = app.status
    return {
        "status": {key: status.get(key) for key in _REAL_FIELDS},
        "tracked": status.get("trackedConfigs"),
        "failure": (status.get("failure") or {}).get("reason"),
        "objects": {key: _plain(manifest) for key, manifest in app.world().items()},
    }


def differences(one: Manifest, other: Manifest, path: str = "") -> list[str]:
    """Where two endings differ, each place with both values."""
    found: list[str] = []
    for key in sorted({*one, *other}):
        a, b, place = one.get(key), other.get(key), f"{path}/{key}"
        if isinstance(a, dict) and isinstance(b, dict):
            found.extend(differences(a, b, place))
        elif a != b:
            found.append(f"{place}: {a!r} instead of {b!r}")
    return found


def _plain(manifest: Manifest) -> Manifest:
    """What was asked for: labels and annotations of ours, spec and data."""
    given = {"clusterIP", "clusterIPs"}
    spec: Manifest = {k: v for k, v in (manifest.get("spec") or {}).items() if k not in given}
    template: Manifest = dict(spec.get("template") or {})
    meta: Manifest = dict(template.get("metadata") or {})
    annotations = {k: v for k, v in (meta.get("annotations") or {}).items() if k != "flagger-id"}
    if template:
        spec["template"] = {**template, "metadata": {**meta, "annotations": annotations}}
    return {"spec": spec, "data": manifest.get("data")}


def title(story: Story) -> str:
    """The story in words, for a failure."""
    return f"{APP} of seed {story.seed}: {'; '.join(story.acts)}"
