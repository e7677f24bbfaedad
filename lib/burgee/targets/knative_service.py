"""A Knative Service as a target: its revisions are the primary and the canary.

Nothing is copied and nothing is scaled. The latest revision is the canary; the primary is the one
that an annotation of the Service names, so that a promotion is a change of that annotation.
Source: flagger pkg/canary/knative_controller.go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, annotations_of, metadata, name_of, namespace_of
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.targets.hashing import content_hash, revision_id
from burgee.targets.naming import Names
from burgee.targets.primary import Blueprint
from burgee.targets.readiness import NotReady, Readiness, Ready
from burgee.targets.services import ServiceSet

API_VERSION: Final = "serving.knative.dev/v1"
PRIMARY_REVISION: Final = "flagger.app/primary-revision"
REVISION_KIND: Final = "Revision"


@dataclass(frozen=True, kw_only=True, slots=True)
class RevisionNames(Names):
    """Names of a Canary whose sides are revisions.

    Attributes:
        primary_revision: the one that serves at rest, empty before there is one.
        latest_revision: the one that was created last.
    """

    primary_revision: str
    latest_revision: str


class KnativeServiceKind:
    """Services of Knative."""

    api_version = API_VERSION
    kind = "Service"
    resource = "services"
    scalable = False
    owns_apex = False

    def check(self, target: Manifest) -> None:
        """Refuses a Service that has no revision.

        Raises:
            InvalidCanary: there is nothing to release yet.
        """
        if not _latest(target):
            raise InvalidCanary(
                "TargetHasNoRevision", f"Knative Service {name_of(target)} has no revision yet"
            )

    def names(self, canary: Canary, target: Manifest, settings: EngineSettings) -> Names:
        """With the revisions as the target names them now."""
        del settings
        return RevisionNames(
            target=canary.spec.target_ref.name,
            apex=canary.spec.apex_name,
            selector_key="",
            selector_value="",
            primary_revision=annotations_of(target).get(PRIMARY_REVISION, ""),
            latest_revision=_latest(target),
        )

    def template_hash(self, target: Manifest) -> str:
        """Of the name of the latest revision."""
        return content_hash(_latest(target))

    def config_template(self, target: Manifest) -> None:
        """None: a revision keeps what it was made from."""
        del target

    def primary_key(self, names: Names) -> tuple[str, str]:
        """The revision that the annotation names."""
        name = names.primary_revision if isinstance(names, RevisionNames) else ""
        return REVISION_KIND, name

    def canary_key(self, names: Names) -> tuple[str, str]:
        """The latest revision."""
        name = names.latest_revision if isinstance(names, RevisionNames) else ""
        return REVISION_KIND, name

    def build_primary(self, plan: Blueprint) -> Manifest:
        """The annotation, as a part of the user's Service."""
        target = plan.target
        return {
            "apiVersion": API_VERSION,
            "kind": self.kind,
            "metadata": {
                "name": name_of(target),
                "namespace": namespace_of(target),
                "annotations": {PRIMARY_REVISION: _latest(target)},
            },
        }

    def keep(self, observed: Manifest) -> Manifest:
        """As it is: a revision is Knative's."""
        return observed

    def revision_of(self, workload: Manifest) -> str:
        """By name, which Knative gives to one state of the template only."""
        return revision_id(content_hash(name_of(workload)), None)

    def services(
        self, canary: Canary, names: Names, target: Manifest, observed: Mapping[str, Manifest]
    ) -> ServiceSet:
        """None: Knative makes its own."""
        del canary, names, target, observed
        return ServiceSet(backends=())

    def readiness(
        self,
        workload: Manifest,
        *,
        threshold_percent: int,
        deadline_seconds: float,
        now: datetime,
        since: datetime,
    ) -> Readiness:
        """The condition Ready of a revision; waiting may always help, as in Flagger."""
        del threshold_percent, deadline_seconds, now, since
        status: Manifest = workload.get("status") or {}
        conditions: list[Manifest] = status.get("conditions") or []
        ready = next((c for c in conditions if c.get("type") == "Ready"), {})
        generation = metadata(workload).get("generation")
        if status.get("observedGeneration", generation) != generation:
            ready = {}
        if ready.get("status") == "True":
            return Ready()
        reason = ready.get("reason") or ready.get("status") or "it says nothing about it"
        return NotReady(
            retriable=True, message=f"revision {name_of(workload)} is not ready: {reason}"
        )

    def replicas(self, workload: Manifest) -> None:
        """None: Knative scales by requests."""
        del workload

    def is_scaled_to_zero(self, target: Manifest) -> bool:
        """Never: Knative brings pods up when a request comes."""
        del target
        return False

    def scale_to_zero(self, target: Manifest) -> None:
        """Nothing."""
        del target

    def scale_from_zero(
        self, target: Manifest, primary: Manifest | None, minimum: int | None
    ) -> None:
        """Nothing."""
        del target, primary, minimum


def revisions_of(target: Manifest) -> tuple[str, ...]:
    """The names of both sides' revisions; none for another kind of target."""
    if target.get("apiVersion") != API_VERSION:
        return ()
    names = (annotations_of(target).get(PRIMARY_REVISION, ""), _latest(target))
    return tuple(dict.fromkeys(name for name in names if name))


def _latest(target: Manifest) -> str:
    status: Manifest = target.get("status") or {}
    return str(status.get("latestCreatedRevisionName") or "")
