"""What a kind of target is to the engine."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol

from burgee.api.canary import Canary, ObjectRef
from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.targets.daemonset import DaemonSetKind
from burgee.targets.deployment_kind import DeploymentKind
from burgee.targets.knative_service import KnativeServiceKind
from burgee.targets.kube_service import ServiceKind
from burgee.targets.naming import Names
from burgee.targets.primary import Blueprint
from burgee.targets.readiness import Readiness
from burgee.targets.scaling import Scaling
from burgee.targets.services import ServiceSet


class TargetKind(Protocol):
    """One kind of target; every method is a pure function of raw objects."""

    @property
    def api_version(self) -> str:
        """The version that is read and written; the Canary's own does not count, as in Flagger."""
        ...

    @property
    def kind(self) -> str:
        """The kind."""
        ...

    @property
    def resource(self) -> str:
        """Its plural, for customize rules."""
        ...

    @property
    def scalable(self) -> bool:
        """True where an autoscaler can work on it."""
        ...

    @property
    def owns_apex(self) -> bool:
        """True where the apex Service is burgee's to make; False where it is the target."""
        ...

    def check(self, target: Manifest) -> None:
        """Refuses a target that cannot be released.

        Raises:
            InvalidCanary: with the field that is at fault.
        """
        ...

    def names(self, canary: Canary, target: Manifest, settings: EngineSettings) -> Names:
        """How the Canary's objects are called."""
        ...

    def template_hash(self, target: Manifest) -> str:
        """The hash of what makes a revision of the target, in our form."""
        ...

    def config_template(self, target: Manifest) -> Manifest | None:
        """The pod template that may name ConfigMaps and Secrets, None without one."""
        ...

    def primary_key(self, names: Names) -> tuple[str, str]:
        """Kind and name of the primary."""
        ...

    def canary_key(self, names: Names) -> tuple[str, str] | None:
        """Kind and name of the copy that is the canary; None where the target itself is it."""
        ...

    def build_primary(self, plan: Blueprint) -> Manifest:
        """The primary for the target as it is now."""
        ...

    def keep(self, observed: Manifest) -> Manifest:
        """The observed primary, to apply again unchanged."""
        ...

    def revision_of(self, workload: Manifest) -> str:
        """The revision that an observed primary or copy was made from; empty where unknown."""
        ...

    def services(
        self, canary: Canary, names: Names, target: Manifest, observed: Mapping[str, Manifest]
    ) -> ServiceSet:
        """The Services in front of both sides; `observed` are the owned ones by name."""
        ...

    def readiness(
        self,
        workload: Manifest,
        *,
        threshold_percent: int,
        deadline_seconds: float,
        now: datetime,
        since: datetime,
    ) -> Readiness:
        """How far a rollout is.

        Args:
            workload: the observed primary or target.
            threshold_percent: how many of its pods have to be available.
            deadline_seconds: how long it may take.
            now: aware, UTC.
            since: when it had to be ready for the first time; a write of status does not move it.
        """
        ...

    def replicas(self, workload: Manifest) -> int | None:
        """How many replicas are asked for, None where that is no number of the workload's."""
        ...

    def is_scaled_to_zero(self, target: Manifest) -> bool:
        """True where the target is asked for no pods."""
        ...

    def scale_to_zero(self, target: Manifest) -> Scaling | None:
        """What takes the target's pods away, None where nothing has to be done."""
        ...

    def scale_from_zero(
        self, target: Manifest, primary: Manifest | None, minimum: int | None
    ) -> Scaling | None:
        """What brings the target's pods back, None where nothing has to be done.

        Args:
            target: as observed.
            primary: gives the number of pods where nothing scales the target.
            minimum: of its autoscaler, None without one.
        """
        ...


_KINDS: Final = MappingProxyType[str, TargetKind](
    {kind.kind: kind for kind in (DeploymentKind(), DaemonSetKind(), ServiceKind())}
)


_KNATIVE: Final[TargetKind] = KnativeServiceKind()
# Flagger looks at the kind alone; a Canary written for it may say these for the core group.
_GROUPS_OF_SERVICES: Final = frozenset({"", "core", "apps"})


def kind_of(reference: ObjectRef) -> TargetKind:
    """The kind of target that a Canary names.

    Raises:
        InvalidCanary: it cannot be released.
    """
    group = reference.api_version.rpartition("/")[0]
    if reference.kind == _KNATIVE.kind and group == "serving.knative.dev":
        return _KNATIVE
    found = _KINDS.get(reference.kind)
    if found is None or (found.kind == "Service" and group not in _GROUPS_OF_SERVICES):
        supported = ", ".join(sorted(_KINDS))
        raise InvalidCanary(
            "UnsupportedTarget",
            f"spec.targetRef {reference.api_version} {reference.kind} is not supported; "
            f"supported: {supported}",
        )
    return found
