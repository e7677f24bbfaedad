"""Keys of other tools that burgee knows: Flux must leave what burgee owns alone."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

FLUX_MARKER: Final = "toolkit.fluxcd.io"
"""Labels and annotations with this inside belong to Flux and are never copied."""

FLUX_GUARDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "kustomize.toolkit.fluxcd.io/reconcile": "disabled",
        "helm.toolkit.fluxcd.io/driftDetection": "disabled",
    }
)
"""Annotations that tell Flux not to prune or overwrite an object that burgee owns."""

KUBECTL_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
CONTROLLER_UID: Final = "controller-uid"
"""The label by which Metacontroller claims children (generateSelector)."""

OWN_PREFIX: Final = "burgee.dev/"
APEX_LABEL: Final = "burgee.dev/apex"
"""On pods of both sides where weights are numbers of pods: the apex Service that they stand
behind during a run. It comes and goes without a new revision."""
REVISION_ANNOTATION: Final = "burgee.dev/revision"
ORIGINAL_ANNOTATION: Final = "burgee.dev/original"
"""On an object that a user made: its spec before burgee set some of it, as JSON."""
