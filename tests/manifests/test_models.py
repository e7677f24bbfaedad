"""The models in burgee.api and our CRDs speak of the same fields."""

from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import jsonschema
import pytest

from burgee.api.alert_provider import AlertProvider
from burgee.api.canary import Canary
from burgee.api.metric_template import MetricTemplate
from burgee.api.model import WireModel
from burgee.metrics.model import Judged, Limits, Verdict

DATA = Path(__file__).parent / "data"
MODELS = [AlertProvider, Canary, MetricTemplate]

Schema = dict[str, Any]


def models_in(annotation: Any) -> Iterator[type[WireModel]]:
    """The wire models that an annotation names, itself or inside Optional and tuple."""
    if isinstance(annotation, type) and issubclass(annotation, WireModel):
        yield annotation
    elif get_origin(annotation) in {Union, UnionType, tuple}:
        for part in get_args(annotation):
            yield from models_in(part)


def fields_of(model: type[WireModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def unmodelled(model: type[WireModel], schema: Schema, path: str) -> Iterator[str]:
    """Fields of the schema that the model keeps only as extras; raw parts are not looked into."""
    known = fields_of(model)
    for name, part in schema.get("properties", {}).items():
        if name not in known:
            yield f"{path}.{name}"
            continue
        for inner in models_in(known[name]):
            yield from unmodelled(inner, part.get("items", part), f"{path}.{name}")


def pruned(model: type[WireModel], schema: Schema, path: str) -> Iterator[str]:
    """Fields of the model that an API server would drop."""
    parts = schema.get("properties", {})
    for name, annotation in fields_of(model).items():
        if name not in parts:
            yield f"{path}.{name}"
            continue
        part = parts[name]
        for inner in models_in(annotation):
            if name != "metadata":
                yield from pruned(inner, part.get("items", part), f"{path}.{name}")


@pytest.mark.parametrize("model", MODELS)
def test_a_model_knows_every_field_of_flagger(
    schemas: dict[str, Schema], model: type[WireModel]
) -> None:
    lines = (DATA / "flagger-fields.txt").read_text().splitlines()
    flagger = {line.split(" ", 1)[0].replace("[]", "") for line in lines}

    missing = set(unmodelled(model, schemas[model.__name__], model.__name__))

    assert missing & flagger == set()


@pytest.mark.parametrize("model", MODELS)
def test_a_cluster_keeps_every_field_of_a_model(
    schemas: dict[str, Schema], model: type[WireModel]
) -> None:
    assert list(pruned(model, schemas[model.__name__], model.__name__)) == []


def test_a_cluster_keeps_what_a_check_tells(schemas: dict[str, Schema]) -> None:
    judged = Judged(
        id="1",
        name="latency",
        verdict=Verdict.FAILED,
        message="too slow",
        value=501.5,
        limits=Limits(minimum=0, maximum=500),
        query="x",
    )
    checks = schemas["Canary"]["properties"]["status"]["properties"]["checks"]

    told = judged.as_status("2026-07-21T10:00:00Z")

    assert {"name", "verdict", "value", "min", "max", "message", "at"} <= set(told)
    jsonschema.validate(told, {**checks["items"], "additionalProperties": False})
