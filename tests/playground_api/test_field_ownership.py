"""Who owns a field, and what cannot be applied."""

import pytest
from applied_fields import APPLY, MERGE, Apply, Make, container, fields, with_env

from burgee.api.manifest import Manifest
from burgee.playground.kinds.lifecycle import clone
from burgee.playground.kinds.resources import Resource
from burgee.playground.storage.store import ApiError, Store


def test_conflicts_name_the_owner_and_the_fields(apply: Apply, deployment: Manifest) -> None:
    apply(deployment)
    other = with_env(deployment, [{"name": "A", "value": "other"}])
    container(other)["image"] = "registry.example/web:2"
    with pytest.raises(ApiError) as refused:
        apply(other, "two")
    assert refused.value.status == 409
    assert refused.value.reason == "Conflict"
    assert refused.value.message == (
        'Apply failed with 2 conflicts: conflicts with "one":\n'
        '- .spec.template.spec.containers[name="app"].env[name="A"].value\n'
        '- .spec.template.spec.containers[name="app"].image'
    )
    causes = refused.value.body()["details"]["causes"]
    assert [c["reason"] for c in causes] == ["FieldManagerConflict"] * 2


def test_force_takes_fields_over(apply: Apply, deployment: Manifest) -> None:
    apply(deployment)
    theirs = clone(deployment)
    container(theirs)["image"] = "registry.example/web:2"
    taken = apply(theirs, "two", force=True)
    assert container(taken)["image"] == "registry.example/web:2"
    mine = fields(taken, "one")["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert "f:image" not in mine['k:{"name":"app"}']
    assert "f:name" in mine['k:{"name":"app"}'], "equal values are owned together"


def test_equal_values_are_shared_and_outlive_one_owner(apply: Apply, gadget: Make) -> None:
    apply(gadget(interval="5s"), "one")
    apply(gadget(interval="5s"), "two")
    after = apply(gadget(), "one")
    assert after["spec"]["interval"] == "5s"
    assert "interval" not in apply(gadget(), "two")["spec"]


def test_an_update_takes_fields_over(
    store: Store, apply: Apply, gadget: Make, gadgets: Resource
) -> None:
    apply(gadget(interval="5s"))
    changed = store.patch(
        gadgets,
        "default",
        "g",
        {"spec": {"interval": "9s"}},
        content_type=MERGE,
        manager="person",
    )
    assert fields(changed, "one") == {"f:spec": {"f:size": {}}}
    assert fields(changed, "person") == {"f:spec": {"f:interval": {}}}
    with pytest.raises(ApiError, match='conflict with "person" using') as refused:
        apply(gadget(interval="5s"))
    assert refused.value.status == 409
    assert apply(gadget())["spec"]["interval"] == "9s", "it is not one's own any more"
    back = apply(gadget(interval="5s"), force=True)
    assert back["spec"]["interval"] == "5s"
    assert fields(back, "person") == {}


def test_what_was_there_before_the_first_apply(
    store: Store, apply: Apply, gadget: Make, gadgets: Resource
) -> None:
    made = store.create(gadgets, gadget(interval="5s"))
    made = store.patch(
        gadgets, "default", "g", {"metadata": {"managedFields": [{}]}}, content_type=MERGE
    )
    assert "managedFields" not in made["metadata"]
    after = apply(gadget(tags=["x"]))
    assert fields(after, "before-first-apply")["f:spec"]["f:interval"] == {}


def test_ownership_can_be_moved_by_hand(
    store: Store, apply: Apply, gadget: Make, gadgets: Resource
) -> None:
    made = store.create(gadgets, gadget(interval="5s"), manager="flagger")
    entries = [
        {**e, "manager": "one", "operation": "Apply"} for e in made["metadata"]["managedFields"]
    ]
    store.patch(
        gadgets,
        "default",
        "g",
        [{"op": "replace", "path": "/metadata/managedFields", "value": entries}],
        content_type="application/json-patch+json",
    )
    after = apply(gadget())
    assert "interval" not in after["spec"]
    assert fields(after, "flagger") == {}


def test_lists_of_custom_resources_are_one_value_unless_keyed(apply: Apply, gadget: Make) -> None:
    apply(gadget(tags=["a", "b"], parts=[{"name": "x"}, {"name": "y", "note": "mine"}]))
    with pytest.raises(ApiError, match=r"\.spec\.tags"):
        apply(gadget(tags=["c"]), "two")
    both = apply(gadget(parts=[{"name": "z"}, {"name": "y", "weight": 3}]), "two", force=True)
    assert both["spec"]["tags"] == ["a", "b"]
    parts = {p["name"]: p for p in both["spec"]["parts"]}
    assert parts == {
        "x": {"name": "x", "weight": 1},
        "y": {"name": "y", "note": "mine", "weight": 3},
        "z": {"name": "z", "weight": 1},
    }


def test_undeclared_fields_are_refused(apply: Apply, gadget: Make) -> None:
    with pytest.raises(ApiError, match=r"\.spec\.wrong: field not declared in schema") as refused:
        apply(gadget(wrong=1))
    assert refused.value.status == 500
    assert apply(gadget(free={"anything": [1]}))["spec"]["free"] == {"anything": [1]}


def test_the_result_must_be_valid(apply: Apply, gadget: Make) -> None:
    with pytest.raises(ApiError, match="Unsupported value") as refused:
        apply(gadget(mode="wild"))
    assert refused.value.status == 422


def test_status_is_applied_apart(
    store: Store, apply: Apply, gadget: Make, gadgets: Resource
) -> None:
    apply(gadget(status={"phase": "Done"}))
    assert "status" not in store.get(gadgets, "default", "g")
    after = apply(gadget(status={"phase": "New"}, size=9), subresource="status")
    assert after["status"] == {"phase": "New"}
    assert after["spec"]["size"] == 1
    assert fields(after, "one") == {"f:spec": {"f:size": {}}}
    assert fields(after, "one", "status") == {"f:status": {"f:phase": {}}}


def test_preconditions(apply: Apply, gadget: Make) -> None:
    stale = gadget()
    stale["metadata"]["resourceVersion"] = "1"
    with pytest.raises(ApiError) as refused:
        apply(stale)
    assert refused.value.status == 409, "nothing is there to have that version"
    made = apply(gadget())
    with pytest.raises(ApiError) as refused:
        apply(stale)
    assert refused.value.status == 409
    fresh = gadget(size=2)
    fresh["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    assert apply(fresh)["spec"]["size"] == 2


@pytest.mark.parametrize(
    ("change", "manager"),
    [
        pytest.param({}, "", id="no manager"),
        pytest.param({"kind": "Other"}, "one", id="another kind"),
        pytest.param({"metadata": {"name": "other"}}, "one", id="another name"),
        pytest.param(
            {"metadata": {"name": "g", "managedFields": [{"manager": "x"}]}},
            "one",
            id="managed fields",
        ),
        pytest.param(
            {"metadata": {"name": "g", "namespace": "elsewhere"}}, "one", id="another namespace"
        ),
    ],
)
def test_applies_that_can_not_be_meant(
    store: Store, gadgets: Resource, gadget: Make, change: Manifest, manager: str
) -> None:
    with pytest.raises(ApiError) as refused:
        store.patch(
            gadgets,
            "default",
            "g",
            {**gadget(), **change},
            content_type=APPLY,
            manager=manager,
        )
    assert refused.value.status == 400
    assert store.list(gadgets)[0] == []


def test_null_says_nothing(apply: Apply, gadget: Make) -> None:
    made = apply(gadget(interval=None))
    assert "interval" not in made["spec"]
    assert fields(made, "one") == {"f:spec": {"f:size": {}}}
