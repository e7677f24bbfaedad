"""Related objects: what the customize hook asks for, remembered by generation.

Source: Metacontroller pkg/controller/common/customize/manager.go. The answer is kept for 20
minutes under the parent's uid and generation, so that only a change of the spec asks again. The
informer of a kind is made when a rule first names it; until it is filled the parent's sync is put
off. A change of a related object wakes every parent one of whose rules selects it.
"""

import threading
import time
from collections.abc import Callable, Mapping

from burgee.api.manifest import Manifest, labels_of, metadata
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.kinds.object_selectors import InvalidSelector
from burgee.playground.machinery.informer import Informer, InformerSet
from burgee.playground.metacontroller.composite import Composite
from burgee.playground.metacontroller.envelope import (
    Grouped,
    InvalidHookAnswer,
    customize_body,
    inner_key,
)
from burgee.playground.metacontroller.related_rules import InvalidRule, RelatedRule, decode_rules
from burgee.playground.metacontroller.webhook import HookClient, HookFailed, TooManyRequests
from burgee.playground.storage.store import Store

CACHE_SECONDS = 20 * 60.0


class RelatedNotSynced(Exception):
    """The cache of a related kind is not filled yet: try again soon and tell nobody."""


class Customizer:
    """Finds the related objects of parents and wakes parents when those change.

    Args:
        store: knows the kinds.
        composite: the controller.
        hook: the customize hook, None where there is none.
        informers: shared with the rest of the controller.
        parents: lists the parents in the cache.
        enqueue: wakes a parent.
        clock: monotonic seconds for the age of remembered answers.
    """

    def __init__(
        self,
        store: Store,
        composite: Composite,
        hook: HookClient | None,
        informers: InformerSet,
        *,
        parents: Callable[[], list[Manifest]],
        enqueue: Callable[[Manifest], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._composite = composite
        self._hook = hook
        self._informers = informers
        self._parents = parents
        self._enqueue = enqueue
        self._clock = clock
        self._lock = threading.Lock()
        self._rules: dict[tuple[str, int], tuple[float, tuple[RelatedRule, ...]]] = {}
        self._watched: set[tuple[str, str]] = set()
        self._namespaces = store.resource("v1", "namespaces")
        informers.get(self._namespaces)

    def related(self, parent: Manifest) -> Grouped:
        """The related objects of a parent, from the caches; a group for every rule's kind.

        Raises:
            ApiError: a rule names a kind that is not served.
            HookFailed: the hook could not be asked.
            InvalidHookAnswer: its answer can't be read.
            InvalidRule: a rule combines what cannot be combined.
            InvalidSelector: a selector can't be read.
            RelatedNotSynced: a cache is not filled yet.
            TooManyRequests: the hook answered 429.
        """
        grouped: Grouped = {}
        if self._hook is None:
            return grouped
        for rule in self.rules(parent):
            resource = self._store.resource(rule.api_version, rule.resource)
            informer = self._informer(rule)
            rule.validate(namespaced=resource.namespaced)
            group = grouped.setdefault((resource.api_version, resource.kind), {})
            for candidate in _candidates(informer, rule):
                if rule.selects(
                    candidate,
                    namespaced=resource.namespaced,
                    namespace_labels=self._namespace_labels,
                ):
                    group[inner_key(candidate)] = candidate
        return grouped

    def rules(self, parent: Manifest) -> tuple[RelatedRule, ...]:
        """The rules for a parent: remembered, or asked for."""
        meta = metadata(parent)
        key = (str(meta["uid"]), int(meta.get("generation", 0)))
        now = self._clock()
        with self._lock:
            held = self._rules.get(key)
        if held is not None and now < held[0]:
            return held[1]
        if self._hook is None:
            return ()
        body = customize_body(controller=self._composite.manifest, parent=parent)
        rules = decode_rules(self._hook.call(body))
        with self._lock:
            self._rules[key] = (now + CACHE_SECONDS, rules)
            for old in [k for k, (end, _) in self._rules.items() if end <= now]:
                del self._rules[old]
        return rules

    def _informer(self, rule: RelatedRule) -> Informer:
        resource = self._store.resource(rule.api_version, rule.resource)
        informer, _ = self._informers.get(resource)
        key = (resource.api_version, resource.kind)
        with self._lock:
            first = key not in self._watched
            self._watched.add(key)
        if first:
            informer.add_handler(self._changed)
        if not informer.synced.is_set():
            raise RelatedNotSynced(resource.plural)
        return informer

    def _changed(self, old: Manifest | None, new: Manifest | None) -> None:
        versions = [manifest for manifest in (old, new) if manifest is not None]
        for parent in self._parents():
            if self._concerns(parent, versions):
                self._enqueue(parent)

    def _concerns(self, parent: Manifest, versions: list[Manifest]) -> bool:
        """Whether one of a parent's rules selects one of the versions; asks the hook if it must."""
        try:
            rules = self.rules(parent)
        except (HookFailed, TooManyRequests, InvalidHookAnswer):
            # Metacontroller skips this parent too: its next sync asks again.
            return False
        return any(self._selects(rule, manifest) for rule in rules for manifest in versions)

    def _selects(self, rule: RelatedRule, manifest: Manifest) -> bool:
        if manifest.get("apiVersion") != rule.api_version:
            return False
        try:
            resource = self._store.resource(rule.api_version, rule.resource)
            if manifest.get("kind") != resource.kind:
                return False
            rule.validate(namespaced=resource.namespaced)
            return rule.selects(
                manifest,
                namespaced=resource.namespaced,
                namespace_labels=self._namespace_labels,
            )
        except (ApiError, InvalidRule, InvalidSelector, RelatedNotSynced):
            return False

    def _namespace_labels(self, namespace: str) -> Mapping[str, str] | None:
        informer, _ = self._informers.get(self._namespaces)
        if not informer.synced.is_set():
            raise RelatedNotSynced("namespaces")
        found = informer.get("", namespace)
        return None if found is None else labels_of(found)


def _candidates(informer: Informer, rule: RelatedRule) -> list[Manifest]:
    """The objects to look at: named ones are looked up, all others are gone through."""
    if not (rule.names and (rule.namespace or not informer.resource.namespaced)):
        return informer.all()
    namespace = rule.namespace if informer.resource.namespaced else ""
    found = [informer.get(namespace, name) for name in sorted(rule.names)]
    return [manifest for manifest in found if manifest is not None]
