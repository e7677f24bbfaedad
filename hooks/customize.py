"""POST /customize: what Metacontroller has to watch for a Canary besides its children."""

from pydantic import ValidationError

from burgee.adapters.cluster.reader import lacks
from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.engine.reading.needs import needs_of
from burgee.engine.reading.related import related_rules
from burgee.errors import ClusterError, InvalidCanary
from burgee.targets.workload import kind_of
from hooks.answers import customize_answer
from hooks.context import HookContext, HookRequest

LOOKUP_SECONDS = 2.0


def handle(request: HookRequest, context: HookContext) -> bytes:
    """Answer one customize call; asked once for a generation of the Canary.

    The target is looked up, so that the ConfigMaps and Secrets it names are watched. Where that
    fails the sync reads them itself. A kind of others that is not served, or must not be read, is
    left out, and the sync says so: Metacontroller would put that sync off.
    """
    try:
        canary = Canary.model_validate(request.body["parent"])
    except ValidationError:
        # The sync says what is wrong; until then there is nothing to watch.
        return customize_answer(())
    settings = context.settings.engine
    deadline = context.monotonic() + LOOKUP_SECONDS
    lacking = {
        (need.api_version, need.resource)
        for need in needs_of(canary, settings)
        if not need.patched
        and lacks(
            context.kube, need, canary.spec.apex_name, lambda: deadline - context.monotonic()
        )
    }
    target = _target(canary, context, deadline - context.monotonic())
    rules = related_rules(canary, target, settings)
    return customize_answer(
        [rule for rule in rules if (rule["apiVersion"], rule["resource"]) not in lacking]
    )


def _target(canary: Canary, context: HookContext, seconds: float) -> Manifest | None:
    ref = canary.spec.target_ref
    try:
        kind = kind_of(ref)
        return context.kube.get(
            kind.api_version,
            kind.kind,
            canary.metadata.namespace,
            ref.name,
            timeout_seconds=seconds,
        )
    except (ClusterError, InvalidCanary):
        return None
