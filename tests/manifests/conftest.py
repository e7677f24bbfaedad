"""The manifests as a cluster gets them: rendered by the kustomize inside kubectl."""

import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
RENDER_SECONDS = 60

Objects = list[dict[str, Any]]


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def kustomize() -> Callable[[Path], Objects]:
    kubectl = Path(sys.executable).parent / "kubectl"

    @cache
    def render(folder: Path) -> Objects:
        done = subprocess.run(
            [kubectl, "kustomize", folder],
            capture_output=True,
            text=True,
            timeout=RENDER_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == "", "kustomize warns"
        return list(yaml.safe_load_all(done.stdout))

    return render


@pytest.fixture(scope="session")
def installation(kustomize: Callable[[Path], Objects]) -> Objects:
    """What `kubectl apply -k manifests/default` applies."""
    return kustomize(REPOSITORY / "manifests" / "default")


@pytest.fixture(scope="session")
def crds() -> dict[str, dict[str, Any]]:
    """Our CRDs by kind."""
    folder = REPOSITORY / "manifests" / "crds"
    found = [
        yaml.safe_load(path.read_text())
        for path in sorted(folder.glob("*.yaml"))
        if path.name != "kustomization.yaml"
    ]
    return {crd["spec"]["names"]["kind"]: crd for crd in found}


@pytest.fixture(scope="session")
def schemas(crds: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The v1beta1 schemas by kind."""
    return {
        kind: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for kind, crd in crds.items()
    }
