"""Which object of a traffic provider is a child, which is written by burgee, which is only read."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, name_of
from burgee.api.settings import EngineSettings
from burgee.errors import InvalidCanary
from burgee.routers.base import Related, Role
from burgee.routers.registry import carrier_of, router_of

Roles: TypeAlias = Mapping[tuple[str, str, str], Role]
"""Roles by API group, kind and name; the name is empty for objects that are told by labels."""

NO_ROLES: Final[Roles] = MappingProxyType({})


def roles_of(canary: Canary, settings: EngineSettings) -> Roles:
    """The roles of a Canary's route objects; none for a provider that does not exist."""
    try:
        router = router_of(carrier_of(canary, settings), settings)
    except InvalidCanary:
        return NO_ROLES
    return {
        (_group(found.kind.api_version), found.kind.kind, name): found.role
        for found in router.related(canary)
        for name in found.names or ("",)
    }


def role_in(roles: Roles, manifest: Manifest) -> Role:
    """The role of one object; what no provider names would be a child."""
    group, kind = _group(str(manifest["apiVersion"])), str(manifest["kind"])
    told_by_labels = roles.get((group, kind, ""), Role.CHILD)
    return roles.get((group, kind, name_of(manifest)), told_by_labels)


def is_named(roles: Roles, manifest: Manifest) -> bool:
    """True for an object that the provider names."""
    group = _group(str(manifest["apiVersion"]))
    return (group, str(manifest["kind"]), name_of(manifest)) in roles


def namespace_for(related: Related, canary: Canary) -> str:
    """The namespace of related objects; empty for objects of the whole cluster."""
    return canary.metadata.namespace if related.namespace is None else related.namespace


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]
