"""POST /sync: one look at a Canary.

    request -> live Canary -> observation -> plan -> IO that is due -> decision -> effects -> answer

Before traffic moves, the decision is confirmed on live workloads and routes. Most calls show
nothing new. Their answer is remembered, so that the same request about a Canary that did not
change costs one GET.
"""

from dataclasses import dataclass

from pydantic import ValidationError

from burgee.adapters.cluster.confirm import Asked, confirmed
from burgee.adapters.cluster.live import read_live
from burgee.adapters.cluster.observe import children_of, observe
from burgee.adapters.cluster.reader import Reader
from burgee.adapters.effects import perform
from burgee.adapters.fieldwork import Fieldwork
from burgee.adapters.memo import Remembered, head_of
from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, metadata
from burgee.engine.decide import advance
from burgee.engine.decision import Decision
from burgee.engine.phases.refusing import refuse_unreadable
from burgee.engine.telling.outbox import acknowledge
from hooks.answers import sync_answer
from hooks.context import Call, HookContext, HookRequest
from hooks.telling import tell


def repeat(fingerprint: bytes, call: Call, context: HookContext) -> bytes | None:
    """The answer to a request that was answered before, if nothing changed since.

    Raises:
        Stale: the request is older than what the cluster holds; nothing is to be written.
    """
    known = context.memo.recall(fingerprint)
    if known is None:
        return None
    call.about(known.parent)
    if not context.series.touch(str(metadata(known.parent)["uid"])):
        return None
    call.phase = known.phase
    live = read_live(known.parent, context.kube, timeout_seconds=context.settings.budget_seconds)
    return known.answer if metadata(live).get("resourceVersion") == known.version else None


def handle(request: HookRequest, context: HookContext) -> bytes:
    """Answer one sync.

    Raises:
        Stale: the request may be older than what the cluster holds; nothing is to be written.
        ClusterError: something could not be read or written; nothing is to be written.
    """
    body, note, began = request.body, request.call.note, context.monotonic()
    uid = str(metadata(body["parent"])["uid"])
    context.series.touch(uid)
    work = context.fieldwork(body["parent"], note)
    live = read_live(body["parent"], context.kube, timeout_seconds=work.left_seconds())
    decided = _decide(body, live, work, context)
    decision, told = decided.decision, context.courier.round(uid, note)
    perform(
        decision.effects,
        context.kube,
        live,
        deadline=work.deadline,
        call_hook=work.call_hook,
        outgoing=told,
        note=note,
        now=context.now,
        monotonic=context.monotonic,
    )
    decision = acknowledge(decision, told.outcomes(), context.now())
    answer = sync_answer(
        live,
        status=decision.status.as_manifest(),
        children=decision.children,
        resync_after_seconds=decision.resync_after_seconds,
    )
    if decision.quiet and decided.complete:
        context.memo.keep(
            Remembered(
                fingerprint=request.fingerprint,
                parent=head_of(body["parent"]),
                version=str(metadata(live)["resourceVersion"]),
                phase=decision.status.phase,
                answer=answer,
            )
        )
    request.call.phase = decision.status.phase
    tell(live, decided.canary, decision.status, body["controller"], context)
    if decided.analysed:
        context.series.count_step(uid, context.monotonic() - began)
    return answer


@dataclass(frozen=True, kw_only=True, slots=True)
class _Decided:
    """A decision and what it rests on.

    Attributes:
        canary: None where its spec is not of the right shape.
        analysed: a step of the analysis was taken.
        complete: the decision rests on the request alone.
    """

    decision: Decision
    canary: Canary | None = None
    analysed: bool = False
    complete: bool = False


def _decide(body: Manifest, live: Manifest, work: Fieldwork, context: HookContext) -> _Decided:
    children, now = children_of(body["children"]), context.now()
    try:
        canary = Canary.model_validate(live)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return _Decided(
            decision=refuse_unreadable(live, children, f"{where}: {first['msg']}", now)
        )
    reader = Reader(body["related"], context.kube, left_seconds=work.left_seconds)
    observation = observe(canary, children, reader, context.settings.engine)
    asked = Asked(ask=work.run)
    decision = advance(observation, now, asked.run)
    again = confirmed(
        observation,
        decision,
        context.kube,
        executor=context.executor,
        left_seconds=work.left_seconds,
    )
    as_requested = again is observation
    return _Decided(
        decision=decision if as_requested else advance(again, now, asked.run),
        canary=canary,
        analysed=asked.analysed,
        complete=as_requested and reader.complete,
    )
