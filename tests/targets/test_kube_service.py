from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime

import kubernetes_validate
import pytest
from hypothesis import given
from hypothesis import strategies as st

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.api.settings import EngineSettings
from burgee.targets.hashing import revision_id
from burgee.targets.kube_service import ServiceKind, borrowed_copy, is_copy, keep_copy
from burgee.targets.naming import Names
from burgee.targets.primary import Blueprint
from burgee.targets.readiness import Ready
from burgee.targets.services import build_services

KIND = ServiceKind()
NAMES = Names(target="podinfo", apex="podinfo", selector_key="", selector_value="")
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
PORT = {"name": "web", "port": 80, "protocol": "TCP", "targetPort": "http"}


def service(metadata: Manifest | None = None, **spec: object) -> Manifest:
    """A Service as an API server stores it."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "podinfo",
            "namespace": "test",
            "uid": "u",
            "resourceVersion": "5",
            "labels": {"app": "podinfo", "mine": "1"},
            "annotations": {
                "keep": "me",
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
            },
            **(metadata or {}),
        },
        "spec": {
            "type": "ClusterIP",
            "clusterIP": "10.0.0.7",
            "clusterIPs": ["10.0.0.7", "fd00::7"],
            "ipFamilies": ["IPv4", "IPv6"],
            "ipFamilyPolicy": "PreferDualStack",
            "internalTrafficPolicy": "Cluster",
            "selector": {"app": "podinfo"},
            "sessionAffinity": "None",
            "ports": [PORT],
            **spec,
        },
        "status": {"loadBalancer": {}},
    }


def primary(
    target: Manifest,
    *,
    first: bool = True,
    observed: Manifest | None = None,
    prefixes: tuple[str, ...] = (),
) -> Manifest:
    return KIND.build_primary(
        Blueprint(
            target=target,
            names=NAMES,
            revision="r7",
            flagger_id="id7",
            copied_names=(),
            settings=EngineSettings(include_label_prefix=prefixes),
            first=first,
            observed=observed,
        )
    )


@pytest.fixture
def canary_copy(make_canary: Callable[..., Canary]) -> Callable[..., Manifest]:
    def make(target: Manifest, **observed: Manifest) -> Manifest:
        found = KIND.services(make_canary(), NAMES, target, observed)
        assert found.apex is None
        (copy,) = found.backends
        return copy

    return make


def test_copies_have_everything_but_what_is_allocated(
    canary_copy: Callable[..., Manifest],
) -> None:
    target = service(
        type="LoadBalancer", healthCheckNodePort=31000, ports=[{**PORT, "nodePort": 30080}]
    )
    before = deepcopy(target)
    expected = {
        "type": "LoadBalancer",
        "ipFamilyPolicy": "PreferDualStack",
        "internalTrafficPolicy": "Cluster",
        "selector": {"app": "podinfo"},
        "sessionAffinity": "None",
        "ports": [PORT],
    }

    for copy, name in (
        (canary_copy(target), "podinfo-canary"),
        (primary(target), "podinfo-primary"),
    ):
        assert copy == {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": name,
                "namespace": "test",
                "labels": {"app": "podinfo", "mine": "1"},
                "annotations": {"keep": "me"},
            },
            "spec": expected,
        }
        kubernetes_validate.validate(copy, "1.37", strict=True)
    assert before == target


def test_a_promoted_copy_has_allowed_metadata_only() -> None:
    target = service({"labels": {"team/a": "1", "mine": "1"}, "annotations": {"team/b": "2"}})
    bare = primary(target, first=False)

    assert bare["metadata"] == {"name": "podinfo-primary", "namespace": "test"}
    built = primary(target, first=False, prefixes=("team/",))
    assert built["metadata"]["labels"] == {"team/a": "1"}
    assert built["metadata"]["annotations"] == {"team/b": "2"}


def test_flux_and_bookkeeping_are_not_copied(canary_copy: Callable[..., Manifest]) -> None:
    labels = {"kustomize.toolkit.fluxcd.io/name": "x", "controller-uid": "u"}
    annotations = {"helm.toolkit.fluxcd.io/x": "y", "burgee.dev/x": "y"}
    built = canary_copy(service({"labels": labels, "annotations": annotations}))

    assert built["metadata"] == {"name": "podinfo-canary", "namespace": "test"}


@pytest.mark.parametrize(
    ("target", "observed", "result"),
    [
        pytest.param("None", None, "None", id="headless is copied"),
        pytest.param("10.0.0.7", None, None, id="an address is not"),
        pytest.param("None", "10.0.0.9", None, id="an existing copy keeps its address"),
        pytest.param("10.0.0.7", "None", "None", id="an existing copy stays headless"),
    ],
)
def test_headless_is_decided_when_a_copy_is_created(
    canary_copy: Callable[..., Manifest], target: str, observed: str | None, result: str | None
) -> None:
    found = service(clusterIP=target, clusterIPs=[target])
    existing = None if observed is None else service(clusterIP=observed, clusterIPs=[observed])

    assert primary(found, observed=existing)["spec"].get("clusterIP") == result
    known = {"podinfo-canary": existing} if existing else {}
    assert canary_copy(found, **known)["spec"].get("clusterIP") == result


def test_an_external_name_and_an_empty_service_are_copied() -> None:
    spec = {"type": "ExternalName", "externalName": "example.test"}
    target = {**service(), "spec": spec}

    assert primary(target)["spec"] == spec
    assert primary({**service(), "spec": None})["spec"] == {}


specs = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer"]),
        "clusterIP": st.sampled_from(["None", "10.0.0.7"]),
        "selector": st.dictionaries(st.text("ab", min_size=1, max_size=2), st.text("xy")),
        "sessionAffinity": st.sampled_from(["None", "ClientIP"]),
        "ports": st.lists(
            st.builds(
                lambda port: {**PORT, "port": port, "nodePort": 30000 + port}, st.integers(1, 9)
            ),
            unique_by=lambda port: port["port"],
            max_size=3,
        ),
    }
)


@given(spec=specs, first=st.booleans(), address=st.sampled_from(["10.0.0.8", "10.0.0.9"]))
def test_a_copy_shows_the_revision_of_its_target_and_is_kept(
    spec: Manifest, first: bool, address: str
) -> None:
    target = service(**spec)
    built = primary(target, first=first)
    served = deepcopy(built)
    served["metadata"] |= {"uid": "v", "ownerReferences": [{"kind": "Canary"}]}
    served["metadata"]["labels"] = {
        **(built["metadata"].get("labels") or {}),
        "controller-uid": "v",
    }
    served["spec"] |= {"healthCheckNodePort": 32000, "ipFamilies": ["IPv4"]}
    served["spec"].setdefault("clusterIP", address)
    served["spec"]["clusterIPs"] = [served["spec"]["clusterIP"]]
    served["spec"]["ports"] = [
        {**port, "nodePort": 31000 + port["port"]}
        for port in reversed(built["spec"].get("ports", []))
    ]
    revision = revision_id(KIND.template_hash(target), {})

    assert KIND.revision_of(built) == KIND.revision_of(served) == revision
    kept = KIND.keep(served)
    assert {**kept, "spec": None} == {**built, "spec": None}
    assert kept == KIND.keep(kept)
    assert KIND.revision_of(kept) == revision
    assert built == primary(target, first=first, observed=served)


@pytest.mark.parametrize(
    "change",
    [
        {"selector": {"app": "other"}},
        {"ports": [{**PORT, "targetPort": "grpc"}]},
        {"sessionAffinity": "ClientIP"},
    ],
)
def test_what_the_user_changes_is_a_new_revision(change: Manifest) -> None:
    assert KIND.template_hash(service()) != KIND.template_hash(service(**change))


@pytest.mark.parametrize(
    "change",
    [
        {"clusterIP": "10.0.0.8", "clusterIPs": ["10.0.0.8"]},
        {"ports": [{**PORT, "nodePort": 30000}]},
        {"healthCheckNodePort": 30000},
    ],
)
def test_what_the_server_allocates_is_none(change: Manifest) -> None:
    assert KIND.template_hash(service()) == KIND.template_hash(service(**change))


def test_copies_are_told_from_services_in_front_of_workloads(
    make_canary: Callable[..., Canary],
    make_target: Callable[..., Manifest],
    names: Names,
    canary_copy: Callable[..., Manifest],
) -> None:
    built = build_services(make_canary(), names, make_target(), {})

    assert not any(is_copy(found) for found in built.all())
    assert is_copy(primary(service()))
    assert is_copy(canary_copy(service()))


def test_a_copy_that_belongs_to_nobody_is_given_its_spec_only() -> None:
    built = primary(service())

    assert borrowed_copy(built) == {
        **built,
        "metadata": {"name": "podinfo-primary", "namespace": "test"},
    }
    assert keep_copy(built) == built


def test_names_are_those_that_routes_send_traffic_to(make_canary: Callable[..., Canary]) -> None:
    reference = {"apiVersion": "v1", "kind": "Service", "name": "podinfo"}
    canary = make_canary({"port": 80, "name": "www"}, targetRef=reference)
    names = KIND.names(canary, service(), EngineSettings())

    assert KIND.primary_key(names) == ("Service", "www-primary")
    assert KIND.canary_key(names) == ("Service", "www-canary")
    assert (names.target, names.apex) == ("podinfo", "www")


def test_nothing_of_a_service_is_scaled_or_waited_for() -> None:
    KIND.check(service())
    found = KIND.readiness(
        service(), threshold_percent=100, deadline_seconds=1, now=NOW, since=NOW
    )

    assert found == Ready()
    assert KIND.config_template(service()) is None
    assert KIND.replicas(service()) is None
    assert KIND.scale_to_zero(service()) is None
    assert KIND.scale_from_zero(service(), None, 2) is None
    assert not KIND.is_scaled_to_zero(service())
