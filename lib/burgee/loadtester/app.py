"""The application: paths, answers, and what goes wrong.

Source: flagger pkg/loadtester/server.go. As there, methods are not looked at, and every path that
is nothing else is for tasks.
"""

import os
from collections.abc import Callable
from typing import TypeAlias

import structlog
from flask import Flask, Response, request

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.kubeconfig import access_from_environment
from burgee.errors import ClusterError
from burgee.loadtester.access import Access
from burgee.loadtester.gates import ConfigMapGates, GateKey, GateKind, Gates, MemoryGates
from burgee.loadtester.logs import configure_logging
from burgee.loadtester.meters import CONTENT_TYPE, Meters
from burgee.loadtester.payload import Payload, Refused, read_payload
from burgee.loadtester.repeats import Repeats
from burgee.loadtester.runner import Runner
from burgee.loadtester.running import Ended, Outcome
from burgee.loadtester.settings import Guarded, Settings
from burgee.loadtester.tasks import read_task

EXTENSION = "burgee.loadtester"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_REFUSALS = {
    400: "the body could not be read",
    405: "there is no such method here",
    413: "the body is too large (BURGEE_LOADTESTER_MAX_BODY_BYTES)",
}

log = structlog.get_logger(__name__)
View: TypeAlias = Callable[..., Response]


def create_app(settings: Settings | None = None, *, gates: Gates | None = None) -> Flask:
    """Build the server; what is not given comes from the environment.

    What runs tasks is `app.extensions["burgee.loadtester"]`; whoever made the app closes it.

    Raises:
        InvalidSettings: the environment or the kubeconfig cannot be used.
    """
    settings = settings or Settings.from_environment(os.environ)
    configure_logging(settings.log_level)
    access = Access(settings)
    meters = Meters()
    runner = Runner(settings, meters)
    app = Flask(EXTENSION, static_folder=None)
    app.url_map.merge_slashes = False
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.extensions[EXTENSION] = runner
    _add_probes(app, meters)
    _add_gates(app, settings, gates or _gates(settings), access, meters)
    _add_tasks(app, settings, runner, access)
    for code, text in _REFUSALS.items():
        app.register_error_handler(code, lambda _, code=code, text=text: _text(code, text))
    app.register_error_handler(Refused, lambda error: _text(error.code, str(error)))
    app.register_error_handler(ClusterError, _unknown)
    app.register_error_handler(Exception, _unexpected)
    if settings.tasks and not access.is_demanded_for(Guarded.TASKS):
        log.warning("anybody who reaches this server may run commands", token=False)
    return app


def _gates(settings: Settings) -> Gates:
    if settings.gates is None:
        return MemoryGates()
    namespace, name = settings.gates
    kube = KubeClient(access_from_environment(os.environ))
    return ConfigMapGates(kube, namespace=namespace, name=name)


def _add_probes(app: Flask, meters: Meters) -> None:
    _route(app, "/healthz", lambda: _text(200, "OK"))
    _route(app, "/gate/approve", lambda: _text(200, "OK"))
    _route(app, "/gate/halt", lambda: _text(403, "Forbidden"))
    _route(app, "/metrics", lambda: Response(meters.expose(), content_type=CONTENT_TYPE))


def _add_gates(
    app: Flask, settings: Settings, gates: Gates, access: Access, meters: Meters
) -> None:
    def check(kind: GateKind) -> View:
        def view() -> Response:
            is_open = gates.is_open(GateKey.of(kind, _payload(settings)))
            meters.count_check(kind, "approved" if is_open else "forbidden")
            return _text(200, "Approved") if is_open else _text(403, "Forbidden")

        return view

    def put(kind: GateKind, *, is_open: bool) -> View:
        def view() -> Response:
            access.demand(Guarded.GATES, request.headers.get("Authorization"))
            payload = _payload(settings)
            gates.put(GateKey.of(kind, payload), is_open=is_open)
            log.info("gate set", gate=kind, canary=payload.canary, open=is_open)
            return _text(202, "")

        return view

    for kind in GateKind:
        _route(app, f"/{kind}/check", check(kind))
        _route(app, f"/{kind}/open", put(kind, is_open=True))
        _route(app, f"/{kind}/close", put(kind, is_open=False))


def _add_tasks(app: Flask, settings: Settings, runner: Runner, access: Access) -> None:
    repeats = Repeats(settings.max_tasks)

    def run(**_: str) -> Response:
        access.demand(Guarded.TASKS, request.headers.get("Authorization"))
        task = read_task(_payload(settings), settings)
        if task.blocking:
            happening = request.headers.get("Idempotency-Key")
            key = (task.key, happening)
            ended = repeats.once(key, lambda: runner.run(task)) if happening else runner.run(task)
            return _answer(ended, with_output=task.return_output)
        runner.start(task)
        return _text(202, "")

    _route(app, "/", run)
    _route(app, "/<path:path>", run)


def _answer(ended: Ended, *, with_output: bool) -> Response:
    output = ended.output if with_output else ""
    match ended.outcome:
        case Outcome.SUCCEEDED:
            return _text(200, output)
        case Outcome.STOPPED:
            return _text(503, "the load tester is being stopped")
        case Outcome.FAILED | Outcome.TIMED_OUT:
            return _text(500, f"{ended.why}\n{output}" if output else ended.why)


def _payload(settings: Settings) -> Payload:
    return read_payload(request.get_data(cache=False), settings.namespaces)


def _route(app: Flask, path: str, view: View) -> None:
    app.add_url_rule(path, endpoint=path, view_func=view, methods=_METHODS)


def _unknown(error: ClusterError) -> Response:
    log.warning("gates cannot be reached", reason=str(error))
    return _text(503, "the state of the gate cannot be read or written now")


def _unexpected(error: Exception) -> Response:
    log.error("a call failed", exc_info=error)
    return _text(500, f"an error of the load tester: {type(error).__name__}")


def _text(code: int, text: str) -> Response:
    headers = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "1"}}.get(code, {})
    return Response(text, code, mimetype="text/plain", headers=headers)
