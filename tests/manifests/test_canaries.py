"""Real Canaries pass our CRDs whole; what Flagger's CRDs refuse, ours refuse."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

Manifest = dict[str, Any]
Schema = dict[str, Any]

RECORDED: list[Manifest] = list(
    yaml.safe_load_all((Path(__file__).parent / "data" / "recorded.yaml").read_text())
)
STANDARD = frozenset({"apiVersion", "kind", "metadata"})


def pruned(schema: Schema, value: Any, path: str = "") -> list[str]:
    """Where an API server would drop something, as a structural schema says."""
    if isinstance(value, list):
        return [
            lost
            for n, item in enumerate(value)
            for lost in pruned(schema["items"], item, f"{path}[{n}]")
        ]
    if not isinstance(value, dict):
        return []
    lost: list[str] = []
    for key, item in value.items():
        below = f"{path}.{key}"
        if not path and key in STANDARD:
            continue
        if key in schema.get("properties", {}):
            lost += pruned(schema["properties"][key], item, below)
        elif "additionalProperties" in schema:
            lost += pruned(schema["additionalProperties"], item, below)
        else:
            lost.append(below)
    return lost


def defaulted(schema: Schema, value: Any) -> Any:
    """The value with the schema's defaults filled in, as an API server stores it."""
    if isinstance(value, list):
        return [defaulted(schema["items"], item) for item in value]
    if not isinstance(value, dict):
        return value
    parts = schema.get("properties", {})
    values = schema.get("additionalProperties", {})
    filled = {key: copy.deepcopy(p["default"]) for key, p in parts.items() if "default" in p}
    return {**filled, **{key: defaulted(parts.get(key, values), v) for key, v in value.items()}}


def translated(schema: Any) -> Any:
    """The schema in the words of JSON Schema: nullable and int-or-string are Kubernetes' own."""
    if isinstance(schema, list):
        return [translated(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    words = {key: translated(part) for key, part in schema.items()}
    if words.pop("nullable", False) is True:
        words["type"] = [words["type"], "null"]
    if words.pop("x-kubernetes-int-or-string", False) is True:
        words["type"] = ["integer", "string"]
    return words


@pytest.fixture(scope="module")
def check(schemas: dict[str, Schema]) -> Callable[[Manifest], None]:
    """Validates an object as an API server with our CRDs would."""
    validators = {
        kind: jsonschema.Draft202012Validator(
            translated(schema), format_checker=jsonschema.FormatChecker()
        )
        for kind, schema in schemas.items()
    }

    def validate(manifest: Manifest) -> None:
        kind = manifest["kind"]
        validators[kind].validate(defaulted(schemas[kind], manifest))

    return validate


@pytest.fixture
def canary() -> Manifest:
    """The smallest sensible Canary, with what Flagger writes into its status."""
    return {
        "apiVersion": "flagger.app/v1beta1",
        "kind": "Canary",
        "metadata": {"name": "podinfo", "namespace": "test"},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "podinfo"},
            "service": {"port": 9898},
            "analysis": {"interval": "1m", "threshold": 5, "stepWeight": 10},
        },
    }


def put(manifest: Manifest, path: str, value: object) -> None:
    *way, last = path.split(".")
    part = manifest
    for key in way:
        part = part.setdefault(key, {})
    part[last] = value


def recorded_ids(manifest: Manifest) -> str:
    scenario = manifest["metadata"]["annotations"]["scenario"]
    return f"{scenario}-{manifest['kind']}-{manifest['metadata']['name']}"


def test_the_recorded_objects_cover_every_kind_and_a_status() -> None:
    assert {m["kind"] for m in RECORDED} == {"Canary", "MetricTemplate", "AlertProvider"}
    assert any("status" in m for m in RECORDED)


@pytest.mark.parametrize("manifest", RECORDED, ids=recorded_ids)
def test_a_recorded_object_is_valid_and_keeps_every_field(
    schemas: dict[str, Schema], check: Callable[[Manifest], None], manifest: Manifest
) -> None:
    check(manifest)

    assert pruned(schemas[manifest["kind"]], manifest) == []


def test_our_example_is_valid_and_keeps_every_field(
    schemas: dict[str, Schema],
    check: Callable[[Manifest], None],
    kustomize: Callable[[Path], list[Manifest]],
    repository: Path,
) -> None:
    example = kustomize(repository / "manifests" / "examples" / "podinfo-istio")
    ours = [m for m in example if m["apiVersion"] == "flagger.app/v1beta1"]

    assert {m["kind"] for m in ours} == {"Canary", "MetricTemplate"}
    for manifest in ours:
        check(manifest)
        assert pruned(schemas[manifest["kind"]], manifest) == []


def test_every_example_is_valid_and_keeps_every_field(
    schemas: dict[str, Schema],
    check: Callable[[Manifest], None],
    kustomize: Callable[[Path], list[Manifest]],
    repository: Path,
) -> None:
    folders = sorted((repository / "manifests" / "examples").iterdir())
    found = [
        manifest
        for folder in folders
        for manifest in kustomize(folder)
        if manifest["apiVersion"] == "flagger.app/v1beta1"
    ]

    assert len([m for m in found if m["kind"] == "Canary"]) >= len(folders) - 1
    for manifest in found:
        check(manifest)
        assert pruned(schemas[manifest["kind"]], manifest) == []


def test_the_status_of_burgee_is_kept(
    schemas: dict[str, Schema], check: Callable[[Manifest], None], canary: Manifest
) -> None:
    at = "2026-07-21T10:00:00Z"
    canary["status"] = {
        "phase": "Progressing",
        "canaryWeight": 20,
        "trafficWeight": 20,
        "observedGeneration": 3,
        "nextStepTime": at,
        "phaseStartTime": at,
        "primaryRevision": "b1-0123456789abcdef",
        "provider": "istio",
        "waiting": {"on": "canary", "since": at},
        "paused": True,
        "commands": {"pause": {"value": "1", "at": at, "by": "kubectl", "result": "done"}},
        "alerts": [
            {
                "key": "0a1b",
                "at": at,
                "phase": "Waiting",
                "severity": "warn",
                "message": "waits",
                "withFields": True,
                "pending": ["t/slack"],
                "attempts": 2,
                "nextTime": at,
            }
        ],
        "checks": [
            {
                "name": "request-success-rate",
                "verdict": "failed",
                "value": 98.5,
                "min": 99,
                "max": None,
                "message": "98.5 is below 99",
                "errors": 1,
                "at": at,
            }
        ],
        "failure": {"reason": "ChecksFailed", "message": "too many", "at": at},
        "conditions": [{"type": "Promoted", "status": "Unknown", "reason": "x"}],
    }

    check(canary)
    assert pruned(schemas["Canary"], canary) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("spec.analysis.interval", "90s", id="seconds"),
        pytest.param("spec.analysis.interval", "1m30s", id="the pattern has an open end"),
        pytest.param("spec.service.targetPort", 8080, id="port by number"),
        pytest.param("spec.service.targetPort", "http", id="port by name"),
        pytest.param(
            "spec.service.mirror", [{"backendRef": {"name": "a", "port": 80}}], id="mirror"
        ),
        pytest.param(
            "spec.service.mirror",
            [{"backendRef": {"name": "a", "group": "x.dev", "kind": "Y"}}],
            id="a mirror of another group needs no port",
        ),
        pytest.param(
            "spec.service.trafficPolicy.loadBalancer",
            {"consistentHash": {"useSourceIp": True}},
            id="hash by address",
        ),
        pytest.param("spec.service.match", [{"uri": {}}], id="an empty matcher"),
        pytest.param("spec.analysis.webhooks", [{"name": "a", "url": "b", "type": ""}], id="hook"),
    ],
)
def test_what_flagger_takes_is_taken(
    check: Callable[[Manifest], None], canary: Manifest, path: str, value: object
) -> None:
    put(canary, path, value)

    check(canary)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("spec.analysis.iterations", 5, id="two strategies"),
        pytest.param("spec.analysis.stepWeights", [1, 2], id="two ways of stepping"),
        pytest.param("spec.analysis", {"interval": "1m", "threshold": 1}, id="no strategy"),
        pytest.param("spec.analysis", {"interval": "1m", "stepWeight": 5}, id="no threshold"),
        pytest.param("spec.analysis.interval", "1h", id="hours"),
        pytest.param("spec.analysis.interval", "1.5m", id="a fraction"),
        pytest.param("spec.analysis.interval", "", id="no interval"),
        pytest.param("spec.provider", "gatewayapi", id="provider without its version"),
        pytest.param("spec.targetRef.kind", "CronJob", id="kind of the target"),
        pytest.param("spec.targetRef", {"kind": "Deployment", "name": "x"}, id="no apiVersion"),
        pytest.param("spec.service", {"name": "x"}, id="no port"),
        pytest.param("spec.service.targetPort", True, id="port by truth"),
        pytest.param("spec.service.mirror", [{"backendRef": {"name": "a"}}], id="no mirror port"),
        pytest.param(
            "spec.service.match", [{"uri": {"exact": "/", "prefix": "/"}}], id="two matchers"
        ),
        pytest.param("spec.analysis.match", [{"headers": {"x": {}}}], id="no matcher"),
        pytest.param(
            "spec.service.corsPolicy.allowOrigins", [{"exact": "a", "regex": "b"}], id="origins"
        ),
        pytest.param(
            "spec.service.trafficPolicy.loadBalancer",
            {"simple": "RANDOM", "consistentHash": {"useSourceIp": True}},
            id="two balancers",
        ),
        pytest.param("spec.service.gatewayRefs", [{"name": "g", "port": 0}], id="gateway port"),
        pytest.param(
            "spec.autoscalerRef",
            {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "name": "x",
                "primaryScalerReplicas": {"minReplicas": 0},
            },
            id="no replicas",
        ),
        pytest.param("spec.analysis.alerts", [{"name": "x"}], id="alert to nobody"),
        pytest.param(
            "spec.analysis.webhooks", [{"name": "a", "url": "b", "type": "x"}], id="hook type"
        ),
        pytest.param(
            "spec.analysis.sessionAffinity", {"cookieName": "c", "sameSite": "No"}, id="cookie"
        ),
        pytest.param("status.phase", "Running", id="phase"),
        pytest.param("status.nextStepTime", 5, id="time"),
    ],
)
def test_what_flagger_refuses_is_refused(
    check: Callable[[Manifest], None], canary: Manifest, path: str, value: object
) -> None:
    check(canary)
    put(canary, path, value)

    with pytest.raises(jsonschema.ValidationError):
        check(canary)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"type": "slack"}, id="no address"),
        pytest.param({"type": "slack", "address": "a", "secretRef": {"name": "b"}}, id="both"),
        pytest.param({"type": "pager", "address": "a"}, id="type"),
    ],
)
def test_an_alert_provider_has_one_address(
    check: Callable[[Manifest], None], spec: Manifest
) -> None:
    provider = {"apiVersion": "flagger.app/v1beta1", "kind": "AlertProvider", "metadata": {}}
    check({**provider, "spec": {"type": "slack", "address": "a"}})

    with pytest.raises(jsonschema.ValidationError):
        check({**provider, "spec": spec})


def test_defaults_are_those_of_flagger(schemas: dict[str, Schema], canary: Manifest) -> None:
    put(canary, "spec.service.gatewayRefs", [{"name": "g"}])
    put(canary, "spec.service.mirror", [{"backendRef": {"name": "m", "port": 1}}])
    put(canary, "spec.analysis.sessionAffinity", {"cookieName": "c"})

    stored = defaulted(schemas["Canary"], canary)

    assert stored["spec"]["service"]["gatewayRefs"] == [
        {"name": "g", "group": "gateway.networking.k8s.io", "kind": "Gateway"}
    ]
    assert stored["spec"]["service"]["mirror"] == [
        {"backendRef": {"name": "m", "group": "", "kind": "Service", "port": 1}}
    ]
    assert stored["spec"]["analysis"]["sessionAffinity"] == {"cookieName": "c", "maxAge": 86400}
    assert stored["spec"]["targetRef"] == canary["spec"]["targetRef"]


def test_a_field_that_nobody_knows_would_be_seen_as_pruned(
    schemas: dict[str, Schema], canary: Manifest
) -> None:
    put(canary, "spec.analysis.stepWieght", 5)
    put(canary, "spec.service.match", [{"uri": {"suffix": "/"}}])

    assert sorted(pruned(schemas["Canary"], canary)) == [
        ".spec.analysis.stepWieght",
        ".spec.service.match[0].uri.suffix",
    ]
