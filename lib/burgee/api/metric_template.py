"""The MetricTemplate. Source: Flagger 1.44, MetricTemplate CRD."""

from collections.abc import Mapping
from typing import Literal

from burgee.api.canary import Metadata
from burgee.api.model import WireModel


class SecretRef(WireModel):
    """A Secret of the same namespace."""

    name: str


class Provider(WireModel):
    """Where the query goes."""

    type: str
    address: str = ""
    headers: Mapping[str, tuple[str, ...]] | None = None
    secret_ref: SecretRef | None = None
    region: str = ""
    insecure_skip_verify: bool = False


class MetricTemplateSpec(WireModel):
    """A query template and its source."""

    provider: Provider
    query: str


class MetricTemplate(WireModel):
    """A MetricTemplate as the cluster stores it."""

    api_version: Literal["flagger.app/v1beta1"]
    kind: Literal["MetricTemplate"]
    metadata: Metadata
    spec: MetricTemplateSpec
