"""What Deployments and DaemonSets have in common as targets."""

from collections.abc import Mapping

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.targets.naming import Names
from burgee.targets.primary import keep_workload, revision_of
from burgee.targets.services import ServiceSet, build_services


class PodWorkload:
    """A workload with a pod template and a selector: its pods stand behind Services of ours."""

    api_version = "apps/v1"
    kind = ""
    owns_apex = True

    def names(self, canary: Canary, target: Manifest, settings: EngineSettings) -> Names:
        """With the label that tells primary pods from target pods."""
        return Names.of(canary, target, settings)

    def config_template(self, target: Manifest) -> Manifest | None:
        """The pod template."""
        spec: Manifest = target.get("spec") or {}
        return spec.get("template")

    def primary_key(self, names: Names) -> tuple[str, str]:
        """The workload `<target>-primary`."""
        return self.kind, names.primary_workload

    def canary_key(self, names: Names) -> None:
        """None: the target's own pods are the canary."""
        del names

    def services(
        self, canary: Canary, names: Names, target: Manifest, observed: Mapping[str, Manifest]
    ) -> ServiceSet:
        """The canary and primary Services and the apex one; see build_services."""
        built = build_services(canary, names, target, observed)
        return ServiceSet(backends=(built.canary, built.primary), apex=built.apex)

    def keep(self, observed: Manifest) -> Manifest:
        """As it is, without replicas."""
        return keep_workload(observed)

    def revision_of(self, workload: Manifest) -> str:
        """From our annotation."""
        return revision_of(workload)
