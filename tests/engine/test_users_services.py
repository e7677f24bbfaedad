"""Services that a user made before their Canary: what of them is set, and what survives."""

from simulation import Manifest, Simulation, canary, deployment, service


def with_tier(manifest: Manifest) -> Manifest:
    """A Deployment whose pods are told by two labels."""
    spec = manifest["spec"]
    spec["selector"]["matchLabels"]["tier"] = "web"
    spec["template"]["metadata"]["labels"]["tier"] = "web"
    return manifest


def users_service(**selector: str) -> Manifest:
    found = service()
    found["spec"]["selector"] = selector
    return found


def test_a_selector_of_several_labels_is_replaced_as_a_whole() -> None:
    mine = users_service(app="podinfo", tier="web")
    sim = Simulation(parent=canary(), target=with_tier(deployment()), others=[mine])

    sim.settle()

    assert sim.phase == "Initialized"
    assert sim.get("Service", "podinfo")["spec"]["selector"] == {"app": "podinfo-primary"}


def test_a_label_that_comes_back_into_the_selector_is_taken_out_again() -> None:
    sim = Simulation(parent=canary(), others=[users_service(app="podinfo")])
    sim.settle()
    edited = sim.get("Service", "podinfo")
    edited["spec"]["selector"] = {"app": "podinfo-primary", "version": "v1"}

    sim.put(edited)
    sim.settle()

    assert sim.get("Service", "podinfo")["spec"]["selector"] == {"app": "podinfo-primary"}
