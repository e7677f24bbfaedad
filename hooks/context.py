"""What a hook may use besides the request: one value, made once, passed to every call."""

import contextvars
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ParamSpec, Protocol, TypeVar

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.secrets import Secrets
from burgee.adapters.deeds import Note
from burgee.adapters.fieldwork import Fieldwork
from burgee.adapters.memo import Memo
from burgee.adapters.outside.courier import Courier
from burgee.adapters.outside.errands import Errands
from burgee.adapters.share import Share
from burgee.adapters.sources.registry import Sources
from burgee.adapters.tracing import Tracing
from burgee.api.manifest import Manifest, namespace_of
from hooks.logs import name_canary
from hooks.meters import Meters
from hooks.series import Series
from hooks.settings import Settings

IO_THREADS_PER_SYNC = 32
"""Made when they are needed. 50 checks that take 100 ms are two rounds, and a sync of them a quarter
of a second. Where eight syncs ask so many at the same time it is not the threads that decide but
the one processor of the process, which needs about a millisecond for a query: all of them are done
in half a second, or up to a whole one where others want the processor too."""

P = ParamSpec("P")
T = TypeVar("T")


class ContextExecutor(ThreadPoolExecutor):
    """Threads whose log lines name the Canary that the work was started for."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run `fn` in a copy of the caller's context."""
        run: Callable[..., Any] = contextvars.copy_context().run
        return super().submit(run, fn, *args, **kwargs)


@dataclass(frozen=True, kw_only=True, slots=True)
class HookContext:
    """The shell around a hook.

    Attributes:
        errands: webhooks that take longer than a sync.
        memo: answers of Canaries at rest.
        now: the wall clock, aware and in UTC; it goes into status.
        monotonic: seconds that never jump; deadlines are measured by it.
        executor: for IO that runs side by side; it has IO_THREADS_PER_SYNC for every sync.
        courier: takes alerts and events to receivers outside the cluster.
        series: what Prometheus is told of each Canary.
        tracing: where traces go, None where nobody asked for them.
    """

    settings: Settings
    kube: KubeClient
    sources: Sources
    errands: Errands
    memo: Memo
    executor: ContextExecutor
    courier: Courier
    meters: Meters
    series: Series
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    tracing: Tracing | None = None

    def deadline(self) -> float:
        """The monotonic() time by which a sync that starts now must have done all its IO."""
        return self.monotonic() + self.settings.budget_seconds

    def fieldwork(self, parent: Manifest, note: Note) -> Fieldwork:
        """The IO of a sync of this Canary that starts now, with its deadline."""
        return Fieldwork(
            kube=self.kube,
            secrets=Secrets(self.kube),
            errands=self.errands,
            sources=self.sources,
            policy=self.settings.addresses,
            executor=Share(self.executor, IO_THREADS_PER_SYNC),
            namespace=namespace_of(parent),
            deadline=self.deadline(),
            monotonic=self.monotonic,
            note=note,
        )

    def close(self) -> None:
        """Let go of threads and connections."""
        self.executor.shutdown(wait=False, cancel_futures=True)
        self.courier.close()
        self.sources.close()
        self.kube.close()
        if self.tracing is not None:
            self.tracing.close()


@dataclass(kw_only=True, slots=True)
class Call:
    """One call while it is answered, and what becomes known of it.

    Attributes:
        note: is told of everything that is done for it.
        canary: that it is about.
        phase: of the Canary, as answered.
    """

    note: Note
    canary: Manifest | None = None
    phase: str = ""

    def about(self, canary: Manifest) -> None:
        """The call is about this Canary; every further line of the log names it."""
        self.canary = canary
        name_canary(canary)


@dataclass(frozen=True, kw_only=True, slots=True)
class HookRequest:
    """What a handler answers.

    Attributes:
        body: decoded.
        fingerprint: tells its bytes from those of any other call.
    """

    body: Manifest
    fingerprint: bytes
    call: Call


class Handler(Protocol):
    """One hook: the request in, the bytes of a 200 answer out.

    What it raises decides the code: see hooks.app.
    """

    def __call__(self, request: HookRequest, context: HookContext, /) -> bytes:
        """Answer, or raise."""
        ...


class Shortcut(Protocol):
    """Answers a call by its fingerprint, before it is decoded; None where that cannot be done."""

    def __call__(self, fingerprint: bytes, call: Call, context: HookContext, /) -> bytes | None:
        """Answer, decline, or raise as a handler does."""
        ...
