"""Who may do what, as tables: a right that is added or dropped shows up here."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

READ = ("get", "list", "watch")
OWN = (*READ, "create", "update", "patch", "delete")

Objects = list[dict[str, Any]]
Right = tuple[str, str, str]


def rights(*rows: tuple[str, str, tuple[str, ...]]) -> set[Right]:
    return {
        (group, resource, verb)
        for group, resources, verbs in rows
        for resource, verb in product(resources.split(), verbs)
    }


HOOKS = rights(
    ("flagger.app", "canaries metrictemplates alertproviders", ("get",)),
    ("apps", "deployments daemonsets statefulsets", ("get",)),
    ("apps", "deployments/scale statefulsets/scale", ("get", "patch")),
    ("autoscaling", "horizontalpodautoscalers", ("get",)),
    ("", "services", ("get", "patch")),
    ("", "configmaps secrets", ("get",)),
    ("", "events", ("create",)),
    ("", "pods", ("list",)),
    ("apps", "daemonsets", ("patch",)),
    ("networking.istio.io", "virtualservices destinationrules", ("get", "patch", "delete")),
    ("networking.istio.io", "virtualservices", ("list",)),
    ("keda.sh", "scaledobjects", ("get", "patch")),
)
METACONTROLLER = rights(
    (
        "metacontroller.k8s.io",
        "compositecontrollers decoratorcontrollers controllerrevisions",
        READ,
    ),
    ("apiextensions.k8s.io", "customresourcedefinitions", READ),
    ("", "namespaces", ("list", "watch")),
    ("flagger.app", "canaries", (*READ, "update")),
    ("flagger.app", "canaries/status canaries/finalizers", ("update",)),
    ("flagger.app", "metrictemplates alertproviders", ("list", "watch")),
    ("apps", "deployments daemonsets statefulsets", OWN),
    ("autoscaling", "horizontalpodautoscalers", OWN),
    ("", "services configmaps secrets", OWN),
    ("networking.k8s.io", "ingresses", OWN),
    ("", "events", ("create", "patch")),
    ("networking.istio.io", "virtualservices destinationrules", (*READ, "create", "patch")),
    ("keda.sh", "scaledobjects", (*READ, "create", "patch")),
)


def granted(objects: Objects, account: str) -> set[Right]:
    """The union of the ClusterRoles bound to a ServiceAccount of burgee-system."""
    roles = {m["metadata"]["name"]: m for m in objects if m["kind"] == "ClusterRole"}
    subject = {"kind": "ServiceAccount", "name": account, "namespace": "burgee-system"}
    found: set[Right] = set()
    for binding in (m for m in objects if m["kind"] == "ClusterRoleBinding"):
        if subject not in binding["subjects"]:
            continue
        for rule in roles[binding["roleRef"]["name"]]["rules"]:
            assert set(rule) == {"apiGroups", "resources", "verbs"}
            found |= set(product(rule["apiGroups"], rule["resources"], rule["verbs"]))
    return found


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        pytest.param("burgee-hooks", HOOKS, id="hooks"),
        pytest.param("burgee-metacontroller", METACONTROLLER, id="metacontroller"),
    ],
)
def test_an_account_has_exactly_these_rights(
    installation: Objects, account: str, expected: set[Right]
) -> None:
    assert granted(installation, account) == expected


def test_nothing_is_granted_by_a_wildcard(installation: Objects) -> None:
    roles = [m for m in installation if m["kind"] == "ClusterRole"]

    assert roles
    for rule in (rule for role in roles for rule in role["rules"]):
        assert not [w for words in rule.values() for w in words if "*" in w]


def test_every_binding_names_a_role_and_an_account_that_exist(installation: Objects) -> None:
    roles = {m["metadata"]["name"] for m in installation if m["kind"] == "ClusterRole"}
    accounts = {m["metadata"]["name"] for m in installation if m["kind"] == "ServiceAccount"}
    bindings = [m for m in installation if m["kind"] == "ClusterRoleBinding"]

    assert {binding["roleRef"]["name"] for binding in bindings} == roles
    assert {s["name"] for binding in bindings for s in binding["subjects"]} == accounts


def test_metacontroller_owns_exactly_what_the_controller_lists(installation: Objects) -> None:
    (controller,) = [m for m in installation if m["kind"] == "CompositeController"]
    listed = {
        (child["apiVersion"].rpartition("/")[0], child["resource"])
        for child in controller["spec"]["childResources"]
    }

    deletable = {(group, kind) for group, kind, verb in METACONTROLLER if verb == "delete"}
    assert deletable == listed


def test_each_pod_runs_as_its_own_account(installation: Objects) -> None:
    accounts = {
        m["metadata"]["name"]: m["spec"]["template"]["spec"]["serviceAccountName"]
        for m in installation
        if m["kind"] in {"Deployment", "StatefulSet"}
    }

    assert accounts == {
        "burgee-hooks": "burgee-hooks",
        "burgee-metacontroller": "burgee-metacontroller",
    }


def test_secrets_can_be_limited_to_namespaces(
    kustomize: Callable[[Path], Objects], repository: Path, tmp_path: Path
) -> None:
    manifests = repository / "manifests"
    for name in ("hooks", "components"):
        (tmp_path / name).symlink_to(manifests / name)
    user = tmp_path / "user"
    user.mkdir()
    (user / "kustomization.yaml").write_text(
        "resources: [../hooks]\ncomponents: [../components/namespaced-secrets]\n"
    )

    limited = granted(kustomize(user), "burgee-hooks")

    components = {right for right in HOOKS if right[0] in {"networking.istio.io", "keda.sh"}}
    assert limited == HOOKS - components - {("", "secrets", "get")}
    grant = yaml.safe_load(
        (manifests / "components" / "namespaced-secrets" / "rolebinding.yaml").read_text()
    )
    (role,) = [
        m
        for m in kustomize(user)
        if m["kind"] == "ClusterRole" and m["metadata"]["name"] == grant["roleRef"]["name"]
    ]
    assert role["rules"] == [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    assert grant["kind"] == "RoleBinding"
    assert grant["subjects"][0]["name"] == "burgee-hooks"
