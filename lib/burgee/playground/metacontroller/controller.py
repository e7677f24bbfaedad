"""The embedded Metacontroller: a CompositeController kept running over a store.

It behaves as Metacontroller 4.17 does with --apply-strategy=server-side-apply. When a kind that
the controller lists is not served, or the Secret of a webhook is missing, nothing is synced at
all; it tries again, later and later, until it is there.
"""

import base64
import binascii
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Self

from burgee.api.manifest import Manifest
from burgee.playground.kinds.apierror import ApiError
from burgee.playground.machinery.workqueue import backoff_seconds
from burgee.playground.metacontroller.composite import Composite, Webhook, parse_composite
from burgee.playground.metacontroller.events import EventRecorder
from burgee.playground.metacontroller.faults import Faults
from burgee.playground.metacontroller.loop import Hooks, Kinds, Loop, Outcome, Tally
from burgee.playground.metacontroller.webhook import HookClient
from burgee.playground.storage.store import Store

WORKERS = 5


class Controller:
    """A CompositeController over a store.

    Args:
        store: the cluster.
        manifest: the CompositeController as in manifests/.
        hook_urls: base URLs of hook servers, called in turn, instead of what the manifest says.
        token: the bearer token to send, instead of the one in the manifest's Secret.
        faults: what goes wrong on purpose.
        workers: how many parents are synced at once; 0 syncs only by `step`.
        now: aware UTC time, for Events.
    """

    def __init__(
        self,
        store: Store,
        manifest: Manifest,
        *,
        hook_urls: Sequence[str] = (),
        token: str = "",
        faults: Faults | None = None,
        workers: int = WORKERS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.composite: Composite = parse_composite(manifest, base_urls=hook_urls)
        self.faults = faults or Faults()
        self.tally = Tally()
        self._store = store
        self._token = token
        self._workers = workers
        self._recorder = EventRecorder(store, now)
        self._stop = threading.Event()
        self._loop: Loop | None = None
        self._starter: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether parents are being synced."""
        return self._loop is not None and not self.tally.crashed

    @property
    def loop(self) -> Loop:
        """The life that runs now; only after `start` has come so far."""
        if self._loop is None:
            raise RuntimeError("the controller does not run")
        return self._loop

    def start(self) -> Self:
        """Begin, in the background where something is missing yet."""
        self._stop.clear()
        self.tally.crashed = ""
        if not self._bring_up():
            self._starter = threading.Thread(target=self._keep_trying, daemon=True)
            self._starter.start()
        return self

    def close(self) -> None:
        """Stop; parents, children and finalizers stay as they are."""
        self._stop.set()
        if self._starter is not None:
            self._starter.join()
            self._starter = None
        if self._loop is not None:
            self._loop.close()
            self._loop = None

    def restart(self) -> None:
        """Stop and start anew: timers and memories are lost, every parent is synced."""
        self.close()
        self.start()

    def step(self, *, pump: bool = True) -> Outcome | None:
        """Sync the next parent that is due, in this thread; for a controller without workers.

        Args:
            pump: False leaves the caches as they are, so that the hook sees an old parent.
        """
        if pump:
            self.loop.informers.pump()
        return self.loop.step()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def _keep_trying(self) -> None:
        failures = 0
        while not self._stop.wait(backoff_seconds(failures)):
            if self._bring_up():
                return
            failures += 1

    def _bring_up(self) -> bool:
        try:
            loop = Loop(
                self._store,
                self.composite,
                kinds=self._kinds(),
                hooks=self._hooks(),
                recorder=self._recorder,
                faults=self.faults,
                tally=self.tally,
                workers=self._workers,
            )
        except ApiError as error:
            self._recorder.warn(self.composite.manifest, "CreateError", str(error))
            self.tally.errors.append(f"{self.composite.name}: {error}")
            return False
        loop.start()
        self._loop = loop
        return True

    def _kinds(self) -> Kinds:
        composite = self.composite
        parents = self._store.resource(composite.parent_api_version, composite.parent_plural)
        if "status" not in parents.subresources:
            raise ApiError(422, "Invalid", f"parent {parents.plural} has no status subresource")
        return Kinds(
            parents=parents,
            children={
                self._store.resource(rule.api_version, rule.plural): rule.method
                for rule in composite.children
            },
        )

    def _hooks(self) -> Hooks:
        composite = self.composite
        sync = self._client(composite.sync)
        return Hooks(
            sync=sync,
            finalize=self._client(composite.finalize) if composite.finalize else None,
            customize=self._client(composite.customize) if composite.customize else None,
        )

    def _client(self, webhook: Webhook) -> HookClient:
        return HookClient(
            webhook.urls,
            timeout_seconds=webhook.timeout_seconds,
            authorization=self._authorization(webhook),
            faults=self.faults,
        )

    def _authorization(self, webhook: Webhook) -> str:
        if self._token:
            return f"{webhook.scheme or 'Bearer'} {self._token}"
        if webhook.secret is None:
            return ""
        wanted = webhook.secret
        secrets = self._store.resource("v1", "secrets")
        secret = self._store.get(secrets, wanted.namespace, wanted.name)
        try:
            value = base64.b64decode((secret.get("data") or {})[wanted.key], validate=True)
        except (KeyError, binascii.Error) as error:
            message = f"secret {wanted.namespace}/{wanted.name} has no usable key {wanted.key}"
            raise ApiError(422, "Invalid", message) from error
        return f"{webhook.scheme} {value.decode().strip()}"
