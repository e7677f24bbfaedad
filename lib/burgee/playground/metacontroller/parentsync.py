"""One sync of one parent, in the order of Metacontroller 4.17.

finalizer, claim, customize, hook, timer, `finalized`, labels, children, status. What was written
before a step failed stays written; in particular the status is written although children failed.

Source: Metacontroller pkg/controller/composite/controller.go, syncParentObject.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from burgee.api.manifest import Manifest, labels_of, metadata, namespace_of
from burgee.playground.kinds.object_selectors import matches
from burgee.playground.kinds.resources import Resource
from burgee.playground.machinery.informer import InformerSet
from burgee.playground.metacontroller.childwriter import (
    ChildrenFailed,
    ChildWriter,
    group_children,
)
from burgee.playground.metacontroller.claims import UID_LABEL, Claimer, generated_selector
from burgee.playground.metacontroller.composite import Composite
from burgee.playground.metacontroller.customize import Customizer
from burgee.playground.metacontroller.envelope import (
    Grouped,
    SyncAnswer,
    SyncFailed,
    decode_sync,
    inner_key,
    sync_body,
)
from burgee.playground.metacontroller.faults import Faults
from burgee.playground.metacontroller.parents import (
    ParentWriter,
    has_finalizer,
    may_manage_children,
)
from burgee.playground.metacontroller.webhook import HookClient
from burgee.playground.storage.store import Store


class SelectorMismatch(SyncFailed):
    """A desired child does not carry the labels by which its parent would find it again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncReport:
    """What a sync that did not fail before its end has done.

    Attributes:
        answer: what the hook said, None where it was not asked.
        finalizing: whether the finalize hook was asked.
        shown_version: the resourceVersion of the parent that the hook was shown.
        status_version: the parent's resourceVersion after the status was written, None where it
            was silently lost.
    """

    answer: SyncAnswer | None = None
    finalizing: bool = False
    shown_version: str = ""
    status_version: str | None = None


class ParentSync:
    """Everything that one sync needs.

    Args:
        store: the cluster.
        composite: the controller.
        parents: the kind of the parents.
        children: the listed kinds with their update methods.
        informers: the caches.
        customizer: finds related objects.
        sync_hook: always there.
        finalize_hook: None where there is none.
        arm: sets a timer for a parent, in seconds.
        faults: what goes wrong on purpose.
    """

    def __init__(
        self,
        store: Store,
        composite: Composite,
        *,
        parents: Resource,
        children: Mapping[Resource, str],
        informers: InformerSet,
        customizer: Customizer,
        sync_hook: HookClient,
        finalize_hook: HookClient | None,
        arm: Callable[[Manifest, float], None],
        faults: Faults,
    ) -> None:
        self._store = store
        self._composite = composite
        self._parents = parents
        self._children = tuple(children)
        self._informers = informers
        self._customizer = customizer
        self._sync_hook = sync_hook
        self._finalize_hook = finalize_hook
        self._arm = arm
        self._writes_children = ChildWriter(
            store, {(r.api_version, r.kind): method for r, method in children.items()}, faults
        )
        self._writer = ParentWriter(
            store,
            parents,
            finalizer=composite.finalizer,
            finalize_hook=finalize_hook is not None,
            faults=faults,
        )

    def concerns(self, parent: Manifest) -> bool:
        """Whether a parent is ours: by its labels, or because our finalizer is on it."""
        matching = matches(self._composite.parent_selector, labels_of(parent))
        return matching or has_finalizer(parent, self._composite.finalizer)

    def run(self, parent: Manifest) -> SyncReport:
        """Sync one parent as the cache has it; whatever goes wrong is raised."""
        if not self.concerns(parent):
            return SyncReport()
        parent = self._writer.sync_finalizer(parent)
        if not self.concerns(parent):
            return SyncReport()
        selector = self._selector(parent)
        observed = self._claim(parent, selector)
        related = self._customizer.related(parent)
        shown_version = str(metadata(parent)["resourceVersion"])
        answer, finalizing = self._ask(parent, observed, related)
        if answer.resync_after_seconds > 0:
            self._arm(parent, answer.resync_after_seconds)
        if answer.finalized:
            parent = self._writer.remove_finalizer(parent)
        desired = group_children(answer.children, namespace_of(parent), observed)
        self._label(desired, parent, selector)
        failed = self._manage(parent, observed, desired)
        status_version = self._writer.write_status(parent, answer.status)
        if failed is not None and status_version is not None:
            raise failed
        return SyncReport(
            answer=answer,
            finalizing=finalizing,
            shown_version=shown_version,
            status_version=status_version,
        )

    def _selector(self, parent: Manifest) -> Manifest:
        if self._composite.generate_selector:
            return generated_selector(parent)
        selector: Manifest = (parent.get("spec") or {}).get("selector") or {}
        if not selector:
            raise SelectorMismatch("the parent has no spec.selector")
        return selector

    def _claim(self, parent: Manifest, selector: Manifest) -> Grouped:
        """The observed children: a group for every listed kind, also where it is empty."""
        claimer = Claimer(self._store, self._parents, parent, selector)
        uid, namespace = str(metadata(parent)["uid"]), namespace_of(parent)
        grouped: Grouped = {}
        for listed in self._children:
            resource = self._store.resource(listed.api_version, listed.plural)
            informer, _ = self._informers.get(resource)
            candidates = [*informer.owned_by(uid, namespace), *informer.owned_by("", namespace)]
            found = claimer.claim(resource, candidates)
            grouped[resource.api_version, resource.kind] = {inner_key(c): c for c in found}
        return grouped

    def _ask(
        self, parent: Manifest, observed: Grouped, related: Grouped
    ) -> tuple[SyncAnswer, bool]:
        leaving = "deletionTimestamp" in metadata(parent) or not matches(
            self._composite.parent_selector, labels_of(parent)
        )
        hook = self._finalize_hook if leaving else None
        body = sync_body(
            controller=self._composite.manifest,
            parent=parent,
            children=observed,
            related=related,
            finalizing=hook is not None,
        )
        return decode_sync((hook or self._sync_hook).call(body)), hook is not None

    def _label(self, desired: Grouped, parent: Manifest, selector: Manifest) -> None:
        """Give desired children the generated label, and refuse those that would be orphans."""
        for objects in desired.values():
            for key, child in objects.items():
                labels = labels_of(child)
                if self._composite.generate_selector and UID_LABEL not in labels:
                    labels = {**labels, UID_LABEL: metadata(parent)["uid"]}
                    child["metadata"]["labels"] = labels
                if not matches(selector, labels):
                    kind = child["kind"]
                    raise SelectorMismatch(
                        f"labels on desired child {kind} {key} don't match parent selector"
                    )

    def _manage(
        self, parent: Manifest, observed: Grouped, desired: Grouped
    ) -> ChildrenFailed | None:
        finalize_hook = self._finalize_hook is not None
        finalizer = self._composite.finalizer
        if not may_manage_children(parent, finalizer, finalize_hook=finalize_hook):
            return None
        try:
            self._writes_children.manage(parent, observed, desired)
        except ChildrenFailed as error:
            return error
        return None
