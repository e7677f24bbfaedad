"""What a request carries, and reads of what it lacks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.live import read_object
from burgee.api.manifest import Manifest, name_of, namespace_of
from burgee.engine.reading.needs import Need
from burgee.errors import ClusterError, NotFound

Groups: TypeAlias = Mapping[str, Mapping[str, Manifest]]
"""Objects as Metacontroller sends them: {Kind.group/version: {namespace/name: object}}."""


def flatten(groups: Groups) -> Iterator[Manifest]:
    """Every object of a request's children or related."""
    for group in groups.values():
        yield from group.values()


def group_of(api_version: str) -> str:
    """The API group, empty for the core."""
    return api_version.rpartition("/")[0]


def _identity(manifest: Manifest) -> tuple[str, str, str, str]:
    """Which object it is: kinds of several groups share their names."""
    group = group_of(str(manifest["apiVersion"]))
    return group, manifest["kind"], namespace_of(manifest), name_of(manifest)


def lacks(
    kube: KubeClient, need: Need, name: str, left_seconds: Callable[[], float]
) -> Need | None:
    """What is lacking of a need, None for nothing and where the cluster does not say.

    Args:
        kube: where to ask.
        need: a kind.
        name: of any object of it, there or not.
        left_seconds: for each question.
    """
    kind = (need.api_version, need.kind)
    try:
        if not kube.serves(*kind, timeout_seconds=left_seconds()):
            return need
        may = kube.may_patch if need.patched else kube.may_read
        if not may(*kind, need.namespace, name, timeout_seconds=left_seconds()):
            return replace(need, granted=False)
    except ClusterError:
        return None
    return None


class Reader:
    """Objects of one request, and of the cluster where the request has none.

    Attributes:
        complete: True while all came from the request. What is read besides is not watched, so
            that an answer which rests on it must not be remembered.
    """

    def __init__(
        self, related: Groups, kube: KubeClient, *, left_seconds: Callable[[], float]
    ) -> None:
        """Index what the request carries."""
        self._known = {_identity(o): o for o in flatten(related)}
        self._groups = related.keys()
        self._lacking: set[tuple[str, str]] = set()
        self._kube = kube
        self._left_seconds = left_seconds
        self.complete = True

    def all(self) -> Iterator[Manifest]:
        """Every related object."""
        return iter(self._known.values())

    def known(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """One object that is watched; None where the request has none."""
        return self._known.get((group_of(api_version), kind, namespace, name))

    def watches(self, api_version: str, kind: str) -> bool:
        """True for a kind that Metacontroller was asked for, whether it has objects or not."""
        return f"{kind}.{api_version}" in self._groups

    def lacking(self, needs: Iterable[Need], name: str) -> tuple[Need, ...]:
        """The kinds that are not served, or not granted; none of them is read from now on."""
        found: list[Need] = []
        for need in needs:
            if need.patched or not self.watches(need.api_version, need.kind):
                # A right that is there is no object that could change unseen.
                self.complete = self.complete and need.patched
                lacking = lacks(self._kube, need, name, self._left_seconds)
                if lacking is not None:
                    found.append(lacking)
        self._lacking = {(need.api_version, need.kind) for need in found if not need.patched}
        return tuple(found)

    def find(self, api_version: str, kind: str, namespace: str, name: str) -> Manifest | None:
        """One object; None where neither request nor cluster has it."""
        found = self.known(api_version, kind, namespace, name)
        if found is not None or (api_version, kind) in self._lacking:
            return found
        self.complete = False
        try:
            return read_object(
                self._kube,
                api_version,
                kind,
                namespace,
                name,
                timeout_seconds=self._left_seconds(),
            )
        except NotFound:
            return None
