"""Which related objects a customize rule selects: v2 rules, PURE.

Source: Metacontroller pkg/controller/common/customize/manager.go, determineSelectionType and
matchesRelatedRule. In v2 the parent's namespace plays no part: a rule without namespace looks at
the whole cluster.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from burgee.api.manifest import Manifest, labels_of, name_of, namespace_of
from burgee.playground.kinds.object_selectors import matches
from burgee.playground.metacontroller.envelope import InvalidHookAnswer, SyncFailed, decode_object

_FIELDS = {"apiVersion", "resource", "labelSelector", "namespaceSelector", "namespace", "names"}


class InvalidRule(SyncFailed):
    """A rule that combines what cannot be combined."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RelatedRule:
    """One rule; the selectors are None where the rule does not have them."""

    api_version: str
    resource: str
    namespace: str = ""
    names: frozenset[str] = frozenset()
    label_selector: Mapping[str, Any] | None = None
    namespace_selector: Mapping[str, Any] | None = None

    def validate(self, *, namespaced: bool) -> None:
        """Refuse what Metacontroller refuses.

        Args:
            namespaced: whether the kind that the rule names lives in namespaces.

        Raises:
            InvalidRule: with the reason.
        """
        has_selector = self.label_selector is not None or self.namespace_selector is not None
        if self.names and has_selector:
            raise InvalidRule(f"{self.resource}: names and a selector in one rule")
        if self.namespace and self.namespace_selector is not None:
            raise InvalidRule(f"{self.resource}: namespace and namespaceSelector in one rule")
        if self.namespace_selector is not None and not namespaced:
            raise InvalidRule(f"{self.resource}: namespaceSelector for a cluster-scoped kind")

    def selects(
        self,
        manifest: Manifest,
        *,
        namespaced: bool,
        namespace_labels: Callable[[str], Mapping[str, str] | None],
    ) -> bool:
        """Whether an object of this rule's kind is related.

        Args:
            manifest: the object.
            namespaced: whether its kind lives in namespaces.
            namespace_labels: the labels of a namespace, None where it does not exist.
        """
        if self.names and name_of(manifest) not in self.names:
            return False
        if namespaced and self.namespace and namespace_of(manifest) != self.namespace:
            return False
        if not matches(self.label_selector, labels_of(manifest)):
            return False
        if self.namespace_selector is None:
            return True
        labels = namespace_labels(namespace_of(manifest))
        return labels is not None and matches(self.namespace_selector, labels)


def decode_rules(body: bytes) -> tuple[RelatedRule, ...]:
    """Decode an answer of the customize hook.

    Raises:
        InvalidHookAnswer: no JSON, unknown fields, or wrong types.
    """
    listed = decode_object(body, {"relatedResources"}).get("relatedResources")
    if listed is not None and not isinstance(listed, list):
        raise InvalidHookAnswer("relatedResources is no list")
    return tuple(_rule(item) for item in listed or ())


def _rule(item: object) -> RelatedRule:
    if not isinstance(item, dict) or set(item) - _FIELDS:
        raise InvalidHookAnswer("a related rule is no object or has unknown fields")
    names: list[str] = item.get("names") or []
    return RelatedRule(
        api_version=str(item.get("apiVersion") or ""),
        resource=str(item.get("resource") or ""),
        namespace=str(item.get("namespace") or ""),
        names=frozenset(names),
        label_selector=item.get("labelSelector"),
        namespace_selector=item.get("namespaceSelector"),
    )
