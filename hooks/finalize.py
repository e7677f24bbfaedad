"""POST /finalize: a Canary that is being deleted."""

import structlog
from pydantic import ValidationError

from burgee.adapters.cluster.confirm import confirmed
from burgee.adapters.cluster.live import read_live
from burgee.adapters.cluster.observe import children_of, observe
from burgee.adapters.cluster.reader import Reader
from burgee.adapters.effects import perform
from burgee.api.canary import Canary
from burgee.api.manifest import metadata
from burgee.engine.decision import Decision
from burgee.engine.phases.ending import end
from burgee.errors import ClusterError
from hooks.answers import finalize_answer
from hooks.context import HookContext, HookRequest

log = structlog.get_logger(__name__)


def handle(request: HookRequest, context: HookContext) -> bytes:
    """Answer one finalize call; `finalized` once there is nothing left to wait for.

    A Canary whose time is over goes, whatever cannot be written: a namespace must not hang.

    Raises:
        Stale: the request may be older than what the cluster holds; nothing is to be written.
        ClusterError: something could not be read or written; nothing is to be written.
    """
    body, note = request.body, request.call.note
    uid = str(metadata(body["parent"]).get("uid", ""))
    context.series.touch(uid)
    work = context.fieldwork(body["parent"], note)
    live = read_live(body["parent"], context.kube, timeout_seconds=work.left_seconds())
    try:
        canary = Canary.model_validate(live)
    except ValidationError:
        # What cannot be read cannot be given back either, and must not block a deletion.
        context.series.forget(uid)
        status = live.get("status") or {"phase": "Terminating"}
        return finalize_answer(live, status=status, children=(), finalized=True)
    reader = Reader(body["related"], context.kube, left_seconds=work.left_seconds)
    children = children_of(body["children"])
    observation = observe(canary, children, reader, context.settings.engine)
    now = context.now()
    farewell = end(observation, now)
    if not (farewell.finalized or farewell.overdue):
        again = confirmed(
            observation,
            Decision(status=farewell.status, children=farewell.children, effects=farewell.effects),
            context.kube,
            executor=context.executor,
            left_seconds=work.left_seconds,
        )
        farewell = farewell if again is observation else end(again, now)
    told = context.courier.round(uid, note)
    # One after the other where time is over: what is refused must not keep the rest from it.
    rounds = [(effect,) for effect in farewell.effects] if farewell.overdue else [farewell.effects]
    for effects in rounds:
        try:
            perform(
                effects,
                context.kube,
                live,
                deadline=work.deadline,
                call_hook=work.call_hook,
                outgoing=told,
                note=note,
                now=context.now,
                monotonic=context.monotonic,
            )
        except ClusterError as error:
            if not farewell.overdue:
                raise
            log.warning("left as it is", reason=str(error))
    told.wait()
    request.call.phase = farewell.status.phase
    if farewell.finalized:
        context.series.forget(uid)
        context.memo.forget(uid)
    return finalize_answer(
        live,
        status=farewell.status.as_manifest(),
        children=farewell.children,
        finalized=farewell.finalized,
        resync_after_seconds=farewell.resync_after_seconds,
    )
