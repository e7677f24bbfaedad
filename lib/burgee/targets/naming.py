"""How the objects of one Canary are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, name_of
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary

PRIMARY_SUFFIX = "-primary"
CANARY_SUFFIX = "-canary"


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """Names of a Canary's objects, and the label that tells primary pods from target pods.

    Attributes:
        target: the workload that the user changes.
        apex: the Service that clients use.
        selector_key: the first allowed label of the target's selector.
        selector_value: its value on the target; it may differ from the target's name.
    """

    target: str
    apex: str
    selector_key: str
    selector_value: str

    @classmethod
    def of(cls, canary: Canary, target: Manifest, settings: EngineSettings) -> Self:
        """The names for a Canary and its target.

        Raises:
            InvalidCanary: no allowed label is in the target's selector.
        """
        key, value = selector_label(target, settings)
        return cls(
            target=canary.spec.target_ref.name,
            apex=canary.spec.apex_name,
            selector_key=key,
            selector_value=value,
        )

    @property
    def primary_workload(self) -> str:
        """The workload that serves users at rest."""
        return self.target + PRIMARY_SUFFIX

    @property
    def primary(self) -> str:
        """The Service in front of the primary workload."""
        return self.apex + PRIMARY_SUFFIX

    @property
    def canary(self) -> str:
        """The Service in front of the target."""
        return self.apex + CANARY_SUFFIX

    @property
    def primary_label_value(self) -> str:
        """The selector label's value on primary pods."""
        return self.selector_value + PRIMARY_SUFFIX


def selector_label(target: Manifest, settings: EngineSettings) -> tuple[str, str]:
    """Key and value of the first allowed label in spec.selector.matchLabels."""
    spec: Manifest = target.get("spec") or {}
    selector: Manifest = spec.get("selector") or {}
    labels: Mapping[str, str] = selector.get("matchLabels") or {}
    for key in settings.selector_labels:
        if key in labels:
            return key, str(labels[key])
    allowed = ", ".join(settings.selector_labels)
    raise InvalidCanary(
        "NoSelectorLabel",
        f"{target.get('kind', 'workload')} {name_of(target)} has none of the labels {allowed} in "
        "spec.selector.matchLabels",
    )
