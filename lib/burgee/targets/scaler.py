"""What scales a target, as the engine sees it."""

from types import MappingProxyType
from typing import Final, Protocol

from burgee.api.canary import Canary, ObjectRef
from burgee.api.manifest import Manifest
from burgee.errors import InvalidCanary
from burgee.targets.autoscaler import HpaScaler
from burgee.targets.naming import Names
from burgee.targets.scaled_object import ScaledObjectScaler


class Scaler(Protocol):
    """One kind of autoscaler; every method is a pure function."""

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
    def listed(self) -> bool:
        """True where Metacontroller lists it among the children, so that it is there anywhere."""
        ...

    def primary_name(self, scaler: str) -> str:
        """The name of the copy."""
        ...

    def build_primary(self, scaler: Manifest, canary: Canary, names: Names) -> Manifest:
        """The copy for the primary, as the target's scaler is now."""
        ...

    def keep(self, observed: Manifest) -> Manifest:
        """The observed copy, to apply again unchanged."""
        ...

    def min_replicas(self, scaler: Manifest) -> int:
        """Replicas that the target starts a run with; at least 1."""
        ...

    def max_replicas(self, scaler: Manifest) -> int | None:
        """The most replicas that it allows, None where it does not say."""
        ...

    def pause_patch(self, scaler: Manifest, *, paused: bool) -> Manifest | None:
        """A merge patch of the target's scaler, None where it is as wanted already.

        Args:
            scaler: the target's, never the copy.
            paused: True to keep the target at zero, False to let it scale.
        """
        ...


_SCALERS: Final = MappingProxyType[str, Scaler](
    {scaler.kind: scaler for scaler in (HpaScaler(), ScaledObjectScaler())}
)


def scaler_of(reference: ObjectRef) -> Scaler:
    """The kind of scaler that a Canary names.

    Raises:
        InvalidCanary: there is none.
    """
    found = _SCALERS.get(reference.kind)
    if found is None:
        supported = ", ".join(sorted(_SCALERS))
        raise InvalidCanary(
            "UnsupportedScaler",
            f"spec.autoscalerRef.kind {reference.kind} is not supported; supported: {supported}",
        )
    return found
