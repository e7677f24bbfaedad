"""Behind a plain Service each request goes to any ready pod, whoever owns it."""

from pathlib import Path

from plane_yard import BOTH, MERGE, NEW, Yard

from burgee.playground.demo.objects import APP, NAMESPACE


def test_share_is_that_of_the_pods(tmp_path: Path) -> None:
    with Yard("kubernetes", tmp_path) as yard:
        assert [rule.weights for rule in yard.rules()] == [{"shop-primary": 100}]
        services = yard.store.resource("v1", "services")
        deployments = yard.store.resource("apps/v1", "deployments")
        everybody = {"spec": {"selector": {"app": None, **BOTH}}}
        yard.store.patch(services, NAMESPACE, APP, everybody, content_type=MERGE)
        yard.until(lambda: [r.weights.get("shop-canary") for r in yard.rules()] == [50], "half")
        more = {"spec": {"replicas": 3}}
        yard.store.patch(deployments, NAMESPACE, "shop-primary", more, content_type=MERGE)
        yard.until(
            lambda: [r.weights.get("shop-canary") for r in yard.rules()] == [25], "a quarter"
        )
        tally = yard.send(10_000)
        assert tally.failed == 0, tally.first_failure
        assert abs(tally.share(NEW) - 25) <= 2


def test_scaling_loses_no_request(tmp_path: Path) -> None:
    with Yard("kubernetes", tmp_path, replicas=2) as yard:
        deployments = yard.store.resource("apps/v1", "deployments")
        sizes = iter([4, 1, 3])

        def scaled() -> bool:
            pods = [p for p in yard.ready_pods() if p.startswith("shop-primary-")]
            if len(pods) == size[0]:
                size[0] = next(sizes, 0)
                if size[0]:
                    patch = {"spec": {"replicas": size[0]}}
                    yard.store.patch(
                        deployments, NAMESPACE, "shop-primary", patch, content_type=MERGE
                    )
            return not size[0]

        size = [2]
        tally = yard.send(20_000, requests_per_second=1500, until=scaled)
        assert size == [0], "all sizes were reached"
        assert tally.failed == 0, tally.first_failure
        assert tally.total > 100
