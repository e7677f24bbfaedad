"""A Canary that changed its provider: the objects of the former one go once the new route is there.

Nobody else removes them: Metacontroller deletes only kinds that it lists, and the owner still is.
"""

from collections.abc import Iterator

from burgee.api.guards import ORIGINAL_ANNOTATION
from burgee.api.manifest import Manifest, annotations_of, controller_uid
from burgee.engine.effects import ApplyForeign, Effect
from burgee.engine.objects.placing import LISTED_ROUTES
from burgee.engine.objects.releasing import deletion, releases
from burgee.engine.reading.facts import Facts
from burgee.engine.reading.observation import ObjectKey
from burgee.engine.reading.roles import is_named
from burgee.engine.turn import World
from burgee.routers.base import OWNER_ANNOTATION
from burgee.targets.borrow import original_of


def is_moving(facts: Facts) -> bool:
    """True while something of the former provider is to be taken back."""
    return bool(_dropped(facts) or [*_goodbyes(facts)])


def may_leave(facts: Facts, world: World) -> bool:
    """True where the new provider's route is seen to do what it has to."""
    return world.route is not None and facts.route_shows(world.route)


def leave(facts: Facts, world: World) -> tuple[frozenset[ObjectKey], tuple[Effect, ...]]:
    """What ends the former provider: children that are kept no longer, and effects."""
    dropped, farewells = _dropped(facts), tuple(_goodbyes(facts))
    if (dropped or farewells) and may_leave(facts, world):
        return dropped, farewells
    return frozenset(), ()


def _dropped(facts: Facts) -> frozenset[ObjectKey]:
    """Routes of listed kinds that no provider asks for any more.

    Metacontroller deletes what is left out of an answer. That holds at any time: a request may
    show a child again that is deleted already, and to keep it would bring it back.
    """
    return frozenset(
        key
        for key, child in facts.observation.children.items()
        if key[0] in LISTED_ROUTES and not is_named(facts.roles, child)
    )


def _goodbyes(facts: Facts) -> Iterator[Effect]:
    observation = facts.observation
    for found in observation.leftovers:
        effect = _goodbye(facts, found)
        if effect is not None:
            yield effect
    former = facts.status.provider
    yield from releases(facts.canary, former, observation.leftovers, observation.settings)


def _goodbye(facts: Facts, found: Manifest) -> Effect | None:
    """Deletes what burgee made; gives back what a user made."""
    annotations = annotations_of(found)
    if annotations.get(OWNER_ANNOTATION) == facts.canary.key:
        return deletion(found)
    if controller_uid(found) == facts.canary.metadata.uid:
        return None if found["kind"] in LISTED_ROUTES else deletion(found)
    original = original_of(found) if ORIGINAL_ANNOTATION in annotations else None
    return ApplyForeign(manifest=original) if original else None
