"""The hook server: what Metacontroller posts, and what a person or Prometheus asks.

What a handler raises decides the answer, and only a 200 makes Metacontroller write anything:

  BadRequest     400  not Metacontroller's envelope
  Stale          429  with Retry-After: 1, nothing is written and no backoff starts
  other errors   500  nothing is written, Metacontroller retries with backoff

The text of a 4xx or 5xx lands in a Kubernetes Event on the Canary, so it holds burgee's own words
or the class of a foreign exception, never the text of one.
"""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version

import structlog
from flask import Flask, Response

from burgee.adapters import tracing
from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.kubeconfig import access_from_environment
from burgee.adapters.memo import Memo
from burgee.adapters.outside import webhooks
from burgee.adapters.outside.courier import Courier
from burgee.adapters.outside.errands import Errands
from burgee.adapters.sources.registry import Sources
from burgee.errors import ClusterError
from hooks import customize, finalize, sync
from hooks.auth import Gate
from hooks.context import IO_THREADS_PER_SYNC, ContextExecutor, Handler, HookContext, Shortcut
from hooks.logs import configure_logging
from hooks.meters import CONTENT_TYPE, Meters
from hooks.series import Series
from hooks.settings import Settings
from hooks.shell import Shell

HANDLERS: Mapping[str, Handler] = {
    "customize": customize.handle,
    "finalize": finalize.handle,
    "sync": sync.handle,
}
SHORTCUTS: Mapping[str, Shortcut] = {"sync": sync.repeat}

log = structlog.get_logger(__name__)


def create_app(
    settings: Settings | None = None,
    *,
    handlers: Mapping[str, Handler] | None = None,
    kube: KubeClient | None = None,
) -> Flask:
    """Build the server; what is not given comes from the environment.

    The context that handlers get is `app.extensions["burgee"]`; whoever made the app closes it.

    Raises:
        InvalidSettings: the environment or the kubeconfig cannot be used, or what it asks for is
            not installed.
    """
    settings = settings or Settings.from_environment(os.environ)
    configure_logging(settings.log_level)
    handlers = handlers if handlers is not None else HANDLERS
    kube = kube or KubeClient(access_from_environment(os.environ))
    series = Series()
    meters = Meters(
        version=version("burgee"), mesh_provider=settings.engine.mesh_provider, series=series
    )
    courier = Courier(kube, policy=settings.addresses)
    meters.show_waiting(courier.waiting)
    context = HookContext(
        settings=settings,
        kube=kube,
        sources=Sources(kube, policy=settings.addresses),
        errands=Errands(
            lambda hook, seconds: webhooks.call(
                hook, deadline_seconds=seconds, policy=settings.addresses
            )
        ),
        memo=Memo(),
        executor=ContextExecutor(
            max_workers=settings.threads * IO_THREADS_PER_SYNC, thread_name_prefix="burgee-io"
        ),
        courier=courier,
        meters=meters,
        series=series,
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
        tracing=tracing.opened() if settings.tracing else None,
    )
    app = Flask("burgee", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.extensions["burgee"] = context
    gate = Gate(settings)
    for hook, handler in handlers.items():
        shell = Shell(
            hook=hook,
            handler=handler,
            shortcut=SHORTCUTS.get(hook),
            context=context,
            gate=gate,
        )
        app.add_url_rule(f"/{hook}", hook, shell.serve, methods=["POST"])
    _add_probes(app, context)
    if settings.ignored_flags:
        log.warning("flags without meaning here", flags=list(settings.ignored_flags))
    if settings.insecure:
        log.warning("anybody who reaches this server may call its hooks", insecure=True)
    return app


def _add_probes(app: Flask, context: HookContext) -> None:
    """GET routes, open to anybody: they tell of a Canary how far it is and what holds it."""

    @app.get("/healthz")
    def healthz() -> Response:
        return Response("ok\n", mimetype="text/plain")

    @app.get("/readyz")
    def readyz() -> Response:
        if not context.kube.has_answered:
            try:
                context.kube.ping()
            except ClusterError as error:
                log.warning("not ready", reason=str(error))
                return Response("the API server does not answer\n", 503, mimetype="text/plain")
        return Response("ok\n", mimetype="text/plain")

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(context.meters.expose(), content_type=CONTENT_TYPE)
