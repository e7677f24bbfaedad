"""The providers that can be played, by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from burgee.playground.demo.providers.base import Provider
from burgee.playground.demo.providers.contour import CONTOUR
from burgee.playground.demo.providers.gateway_api import GATEWAY_API
from burgee.playground.demo.providers.istio import ISTIO
from burgee.playground.demo.providers.kubernetes import KUBERNETES
from burgee.playground.demo.providers.nginx import NGINX
from burgee.playground.demo.providers.traefik import TRAEFIK

PROVIDERS: Final[Mapping[str, Provider]] = MappingProxyType(
    {
        provider.name: provider
        for provider in (ISTIO, CONTOUR, GATEWAY_API, KUBERNETES, NGINX, TRAEFIK)
    }
)
