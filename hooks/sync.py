"""POST /sync: one look at a Canary.

    request -> live Canary -> observation -> plan -> IO that is due -> decision -> effects -> answer

Before traffic moves, the decision is confirmed on live workloads and routes. Most calls show
nothing new. Their answer is remembered, so that the same request about a Canary that did not
change costs one GET.
"""

from pydantic import ValidationError

from burgee.adapters.confirm import Asked, confirmed
from burgee.adapters.effects import perform
from burgee.adapters.fieldwork import Fieldwork
from burgee.adapters.live import read_live
from burgee.adapters.memo import Remembered, head_of
from burgee.adapters.observe import Reader, children_of, observe
from burgee.api.canary import Canary
from burgee.api.manifest import Manifest, metadata
from burgee.engine.decide import advance, refuse_unreadable
from burgee.engine.decision import Decision
from burgee.engine.outbox import acknowledge
from hooks.answers import sync_answer
from hooks.context import HookContext, HookRequest
from hooks.logs import name_canary
from hooks.telling import tell


def repeat(fingerprint: bytes, context: HookContext) -> bytes | None:
    """The answer to a request that was answered before, if nothing changed since.

    Raises:
        Stale: the request is older than what the cluster holds; nothing is to be written.
    """
    known = context.memo.recall(fingerprint)
    if known is None:
        return None
    name_canary(known.parent)
    live = read_live(known.parent, context.kube, timeout_seconds=context.settings.budget_seconds)
    return known.answer if metadata(live).get("resourceVersion") == known.version else None


def handle(request: HookRequest, context: HookContext) -> bytes:
    """Answer one sync.

    Raises:
        Stale: the request may be older than what the cluster holds; nothing is to be written.
        ClusterError: something could not be read or written; nothing is to be written.
    """
    body = request.body
    work = context.fieldwork(body["parent"])
    live = read_live(body["parent"], context.kube, timeout_seconds=work.left_seconds())
    decision, complete = _decide(body, live, work, context)
    told = context.courier.round(str(metadata(live)["uid"]))
    perform(
        decision.effects,
        context.kube,
        live,
        deadline=work.deadline,
        call_hook=work.call_hook,
        outgoing=told,
        now=context.now,
        monotonic=context.monotonic,
    )
    decision = acknowledge(decision, told.outcomes(), context.now())
    tell(live, decision.status, context.meters)
    answer = sync_answer(
        live,
        status=decision.status.as_manifest(),
        children=decision.children,
        resync_after_seconds=decision.resync_after_seconds,
    )
    if decision.quiet and complete:
        context.memo.keep(
            Remembered(
                fingerprint=request.fingerprint,
                parent=head_of(body["parent"]),
                version=str(metadata(live)["resourceVersion"]),
                answer=answer,
            )
        )
    return answer


def _decide(
    body: Manifest, live: Manifest, work: Fieldwork, context: HookContext
) -> tuple[Decision, bool]:
    """The decision, and whether it rests on the request alone."""
    children, now = children_of(body["children"]), context.now()
    try:
        canary = Canary.model_validate(live)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return refuse_unreadable(live, children, f"{where}: {first['msg']}", now), False
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
    if again is observation:
        return decision, reader.complete
    return advance(again, now, asked.run), False
