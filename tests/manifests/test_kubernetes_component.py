"""The component and the example of weights as numbers of pods."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from burgee.api.canary import Canary
from burgee.engine.reading.strategy import by_replicas
from burgee.engine.reading.validate import check_supported
from burgee.routers.registry import router_of

Objects = list[dict[str, Any]]


def test_the_component_lets_the_hook_server_patch_deployments(
    kustomize: Callable[[Path], Objects], repository: Path, tmp_path: Path
) -> None:
    (tmp_path / "components").symlink_to(repository / "manifests" / "components")
    user = tmp_path / "user"
    user.mkdir()
    (user / "kustomization.yaml").write_text("components: [../components/kubernetes]\n")

    role, binding = sorted(kustomize(user), key=lambda m: m["kind"])

    assert role["rules"] == [
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]}
    ]
    assert binding["roleRef"]["name"] == role["metadata"]["name"]
    assert [subject["name"] for subject in binding["subjects"]] == ["burgee-hooks"]


def test_the_example_shares_pods_out(
    kustomize: Callable[[Path], Objects], repository: Path
) -> None:
    objects = kustomize(repository / "manifests" / "examples" / "kubernetes")
    (found,) = [m for m in objects if m["kind"] == "Canary"]
    canary = Canary.model_validate(found)
    router = router_of(canary.provider("none"))

    check_supported(canary, router)
    assert by_replicas(canary.spec, router.capabilities)
