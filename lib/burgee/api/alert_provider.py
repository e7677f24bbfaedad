"""The AlertProvider. Source: Flagger 1.44, AlertProvider CRD."""

from typing import Literal

from burgee.api.canary import Metadata
from burgee.api.metric_template import SecretRef
from burgee.api.model import WireModel


class AlertProviderSpec(WireModel):
    """A receiver of alerts; the address stands here or in the Secret."""

    type: str
    channel: str = ""
    username: str = ""
    address: str = ""
    proxy: str = ""
    secret_ref: SecretRef | None = None


class AlertProvider(WireModel):
    """An AlertProvider as the cluster stores it."""

    api_version: Literal["flagger.app/v1beta1"]
    kind: Literal["AlertProvider"]
    metadata: Metadata
    spec: AlertProviderSpec
