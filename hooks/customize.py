"""POST /customize: what Metacontroller has to watch for a Canary besides its children."""

from pydantic import ValidationError

from burgee.api.canary import Canary
from burgee.api.manifest import Manifest
from burgee.engine.related import related_rules
from burgee.errors import ClusterError, InvalidCanary
from burgee.targets.workload import kind_of
from hooks.answers import customize_answer
from hooks.context import HookContext, HookRequest

LOOKUP_SECONDS = 2.0


def handle(request: HookRequest, context: HookContext) -> bytes:
    """Answer one customize call; asked once for a generation of the Canary.

    The target is looked up, so that the ConfigMaps and Secrets it names are watched. Where that
    fails the sync reads them itself.
    """
    try:
        canary = Canary.model_validate(request.body["parent"])
    except ValidationError:
        # The sync says what is wrong; until then there is nothing to watch.
        return customize_answer(())
    return customize_answer(
        related_rules(canary, _target(canary, context), context.settings.engine)
    )


def _target(canary: Canary, context: HookContext) -> Manifest | None:
    ref = canary.spec.target_ref
    try:
        kind = kind_of(ref)
        return context.kube.get(
            kind.api_version,
            kind.kind,
            canary.metadata.namespace,
            ref.name,
            timeout_seconds=LOOKUP_SECONDS,
        )
    except (ClusterError, InvalidCanary):
        return None
