"""Our CRDs: structural, as wide as Flagger's, with optional fields of our own."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

Schema = dict[str, Any]

KINDS = ["AlertProvider", "Canary", "MetricTemplate"]
DATA = Path(__file__).parent / "data"
# Flagger says it in CEL, which servers before 1.25 do not know.
SAID_WITHOUT_CEL = "Canary.spec.service.mirror[].backendRef"
OURS = {
    "Canary.spec.analysis.metrics[].errorLimit",
    "Canary.spec.analysis.metrics[].onError",
    "Canary.spec.analysis.metrics[].onNoData",
    "Canary.spec.analysis.webhooks[].gateTimeout",
    "Canary.spec.analysis.webhooks[].onTimeout",
    "Canary.status.alerts",
    "Canary.status.checks",
    "Canary.status.commands",
    "Canary.status.failure",
    "Canary.status.nextStepTime",
    "Canary.status.observedGeneration",
    "Canary.status.paused",
    "Canary.status.phaseStartTime",
    "Canary.status.primaryRevision",
    "Canary.status.provider",
    "Canary.status.replicaRatio",
    "Canary.status.trafficMirrored",
    "Canary.status.trafficWeight",
    "Canary.status.waiting",
}
# Values that burgee takes besides Flagger's.
WIDER = {
    "AlertProvider.spec.type": ["webhook"],
    "Canary.spec.provider": ["gatewayapi:v1:grpc", "smi:v1alpha4"],
    "Canary.spec.routeRef.kind": [
        "GRPCRoute",
        "HTTPProxy",
        "HTTPRoute",
        "IngressRoute",
        "RouteTable",
        "TraefikService",
        "TrafficSplit",
        "VirtualService",
    ],
}
WORDS_OF_1_20 = {
    "additionalProperties",
    "anyOf",
    "default",
    "description",
    "enum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minLength",
    "minimum",
    "nullable",
    "oneOf",
    "pattern",
    "properties",
    "required",
    "type",
    "x-kubernetes-int-or-string",
}
# What Kubernetes allows inside allOf, anyOf, oneOf and not.
IN_JUNCTORS = {"properties", "items", "required", "not", "anyOf", "oneOf", "allOf", "enum"}


def nodes(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """Every part of a schema that stands for a value: fields, items, values of maps."""
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from nodes(part, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")
    if "additionalProperties" in schema:
        yield from nodes(schema["additionalProperties"], f"{path}{{}}")


def constraints(schema: Schema) -> Schema:
    """What a part demands by itself, without its fields and its description."""
    structure = {"properties", "items", "description"}
    kept = {key: value for key, value in schema.items() if key not in structure}
    if "required" in kept:
        kept["required"] = sorted(kept["required"])
    kept.pop("additionalProperties", None)
    return kept


def junctors(schema: Schema) -> Iterator[Schema]:
    for key in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(key, []):
            yield part
            yield from junctors(part)
    if "not" in schema:
        yield schema["not"]
        yield from junctors(schema["not"])
    for part in schema.get("properties", {}).values():
        yield from junctors(part)


def flagger_fields() -> dict[str, Schema]:
    lines = (DATA / "flagger-fields.txt").read_text().splitlines()
    return {path: json.loads(rest) for path, rest in (line.split(" ", 1) for line in lines)}


@pytest.fixture(scope="session")
def fields(schemas: dict[str, Schema]) -> dict[str, Schema]:
    return {path: part for kind in KINDS for path, part in nodes(schemas[kind], kind)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_crd_is_served_as_flagger_serves_it(crds: dict[str, Schema], kind: str) -> None:
    crd = crds[kind]
    (version,) = crd["spec"]["versions"]
    singular = kind.lower()
    plural = f"{singular.removesuffix('y')}ies" if singular.endswith("y") else f"{singular}s"

    assert crd["metadata"]["name"] == f"{plural}.flagger.app"
    assert crd["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    assert crd["spec"]["group"] == "flagger.app"
    assert crd["spec"]["scope"] == "Namespaced"
    assert crd["spec"]["names"] == {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": plural,
        "singular": singular,
        "categories": ["all"],
    }
    assert version["name"] == "v1beta1"
    assert (version["served"], version["storage"]) == (True, True)
    assert version["subresources"] == {"status": {}}


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        pytest.param(
            "Canary",
            [
                ("Status", "string", ".status.phase", 0),
                ("Weight", "string", ".status.canaryWeight", 0),
                ("Suspended", "boolean", ".spec.suspend", 1),
                ("FailedChecks", "string", ".status.failedChecks", 1),
                ("Interval", "string", ".spec.analysis.interval", 1),
                ("Mirror", "boolean", ".spec.analysis.mirror", 1),
                ("StepWeight", "string", ".spec.analysis.stepWeight", 1),
                ("StepWeights", "string", ".spec.analysis.stepWeights", 1),
                ("MaxWeight", "string", ".spec.analysis.maxWeight", 1),
                ("LastTransitionTime", "string", ".status.lastTransitionTime", 0),
            ],
            id="Canary",
        ),
        pytest.param(
            "MetricTemplate",
            [("Provider", "string", ".spec.provider.type", 0)],
            id="MetricTemplate",
        ),
        pytest.param("AlertProvider", [("Type", "string", ".spec.type", 0)], id="AlertProvider"),
    ],
)
def test_kubectl_shows_the_columns_that_flagger_shows(
    crds: dict[str, Schema], kind: str, columns: list[tuple[str, str, str, int]]
) -> None:
    (version,) = crds[kind]["spec"]["versions"]

    assert [
        (column["name"], column["type"], column["jsonPath"], column.get("priority", 0))
        for column in version["additionalPrinterColumns"]
    ] == columns


def test_every_field_of_flagger_is_there_with_the_same_limits(fields: dict[str, Schema]) -> None:
    ours = {path: constraints(part) for path, part in fields.items()}
    assert len(ours[SAID_WITHOUT_CEL].pop("anyOf")) == 2
    for path, values in WIDER.items():
        flaggers = ours[path]["enum"][: -len(values)]
        assert ours[path]["enum"] == [*flaggers, *values]
        ours[path]["enum"] = flaggers

    different = {
        path: (ours.get(path), expected)
        for path, expected in flagger_fields().items()
        if ours.get(path) != expected
    }

    assert different == {}


def test_all_other_fields_are_ours(fields: dict[str, Schema]) -> None:
    others = set(fields) - set(flagger_fields())

    assert {path for path in others if path.startswith(tuple(OURS))} == others
    assert others >= OURS


def test_none_of_our_fields_is_demanded(fields: dict[str, Schema]) -> None:
    assert "required" not in fields["Canary.status"]
    for path in OURS:
        parent, _, name = path.rpartition(".")
        assert name not in fields[parent].get("required", [])


def test_every_value_has_a_type(fields: dict[str, Schema]) -> None:
    untyped = {
        path
        for path, part in fields.items()
        if "type" not in part and not part.get("x-kubernetes-int-or-string")
    }

    assert untyped == set()


def test_junctors_say_only_what_a_structural_schema_allows(fields: dict[str, Schema]) -> None:
    for path, part in fields.items():
        for junctor in junctors(part):
            assert set(junctor) <= IN_JUNCTORS, path


def test_nothing_needs_a_server_newer_than_1_20(fields: dict[str, Schema]) -> None:
    words = {key for part in fields.values() for key in part}

    assert words <= WORDS_OF_1_20


def test_every_list_says_what_it_holds(fields: dict[str, Schema]) -> None:
    lists = [part for part in fields.values() if part.get("type") == "array"]

    assert lists
    assert all("items" in part for part in lists)
