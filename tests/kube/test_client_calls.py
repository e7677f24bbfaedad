"""What the client puts on the wire, and what it makes of good answers."""

from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from burgee.adapters.cluster.kinds import Kinds
from burgee.adapters.cluster.tokens import TokenFile
from burgee.engine.effects import Scale
from burgee.errors import ClusterError, NotFound


@pytest.mark.parametrize(
    ("api_version", "kind", "namespace", "path"),
    [
        pytest.param(
            "flagger.app/v1beta1",
            "Canary",
            "t",
            "/apis/flagger.app/v1beta1/namespaces/t/canaries/x",
            id="canary",
        ),
        pytest.param(
            "flagger.app/v1beta1",
            "MetricTemplate",
            "t",
            "/apis/flagger.app/v1beta1/namespaces/t/metrictemplates/x",
            id="metric template",
        ),
        pytest.param("v1", "Secret", "t", "/api/v1/namespaces/t/secrets/x", id="core"),
        pytest.param(
            "apps/v1", "Deployment", "t", "/apis/apps/v1/namespaces/t/deployments/x", id="apps"
        ),
        pytest.param("v1", "Namespace", "", "/api/v1/namespaces/x", id="cluster-scoped"),
        pytest.param(
            "networking.istio.io/v1beta1",
            "VirtualService",
            "t",
            "/apis/networking.istio.io/v1beta1/namespaces/t/virtualservices/x",
            id="istio",
        ),
        pytest.param(
            "networking.k8s.io/v1",
            "Ingress",
            "t",
            "/apis/networking.k8s.io/v1/namespaces/t/ingresses/x",
            id="a plural that is not kind plus s",
        ),
        pytest.param(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            "t",
            "/apis/autoscaling/v2/namespaces/t/horizontalpodautoscalers/x",
            id="autoscaling",
        ),
    ],
)
def test_get_asks_the_path_of_the_kind_at_once(
    api: Any, api_version: str, kind: str, namespace: str, path: str
) -> None:
    server = api.serve(lambda _: api.reply({"kind": kind}))

    found = api.connect(server).get(api_version, kind, namespace, "x")

    assert found == {"kind": kind}
    assert [(r.method, r.target) for r in server.requests] == [("GET", path)]


def test_every_call_says_who_it_is_and_asks_for_plain_json(api: Any) -> None:
    server = api.serve(lambda _: api.reply({}))

    api.connect(server, token="let-me-in").get("v1", "ConfigMap", "t", "x")

    headers = server.requests[0].headers
    assert headers["user-agent"] == f"burgee/{version('burgee')}"
    assert headers["authorization"] == "Bearer let-me-in"
    assert headers["accept"] == "application/json"
    assert headers["accept-encoding"] == "identity"


def test_proxies_of_the_environment_are_not_used(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    server = api.serve(lambda _: api.reply({"a": 1}))

    assert api.connect(server).get("v1", "ConfigMap", "t", "x") == {"a": 1}


@pytest.mark.parametrize("name", ["..", ".", "a/../../secrets", "a\nb", "../secrets/x"])
def test_a_name_cannot_climb_out_of_its_path(api: Any, name: str) -> None:
    server = api.serve(lambda _: api.reply({}))
    client = api.connect(server)

    with pytest.raises(NotFound):
        client.get("v1", "ConfigMap", "t", name)
    with pytest.raises(NotFound):
        client.get("v1", "ConfigMap", name, "x")

    assert server.requests == []


def test_odd_but_harmless_characters_are_quoted(api: Any) -> None:
    server = api.serve(lambda _: api.reply({}))

    api.connect(server).get("v1", "ConfigMap", "t", "a?b#c%d")

    assert server.requests[0].target == "/api/v1/namespaces/t/configmaps/a%3Fb%23c%25d"


@pytest.mark.parametrize(
    ("resource_version", "body"),
    [
        pytest.param(None, {"spec": {"replicas": 0}}, id="without a version"),
        pytest.param(
            "41",
            {"spec": {"replicas": 0}, "metadata": {"resourceVersion": "41"}},
            id="tied to what was seen",
        ),
    ],
)
def test_scale_patches_the_subresource(
    api: Any, resource_version: str | None, body: dict[str, Any]
) -> None:
    server = api.serve(lambda _: api.reply({"kind": "Scale"}))

    api.connect(server).scale(
        Scale(
            api_version="apps/v1",
            kind="Deployment",
            namespace="t",
            name="app",
            replicas=0,
            resource_version=resource_version,
        )
    )

    (request,) = server.requests
    assert request.method == "PATCH"
    assert request.target == (
        "/apis/apps/v1/namespaces/t/deployments/app/scale?fieldManager=burgee"
    )
    assert request.headers["content-type"] == "application/merge-patch+json"
    assert request.json() == body


@pytest.mark.parametrize(("force", "text"), [(True, "true"), (False, "false")])
def test_apply_is_one_patch_under_a_field_manager(api: Any, force: bool, text: str) -> None:
    server = api.serve(lambda _: api.reply({}))
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "app", "namespace": "t"},
        "spec": {"selector": {"app": "app-primary"}},
    }

    api.connect(server).apply(service, field_manager="burgee-test", force=force)

    (request,) = server.requests
    split = urlsplit(request.target)
    assert (request.method, split.path) == ("PATCH", "/api/v1/namespaces/t/services/app")
    assert parse_qs(split.query) == {"fieldManager": ["burgee-test"], "force": [text]}
    assert request.headers["content-type"] == "application/apply-patch+yaml"
    assert request.json() == service


def test_create_posts_to_the_collection(api: Any) -> None:
    server = api.serve(lambda r: api.reply(r.json(), 201))
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "e", "namespace": "t"},
        "message": "grün",
    }

    made = api.connect(server).create(event)

    (request,) = server.requests
    assert (request.method, request.target) == (
        "POST",
        "/api/v1/namespaces/t/events?fieldManager=burgee",
    )
    assert made == event


def test_merge_patch_reaches_a_subresource(api: Any) -> None:
    server = api.serve(lambda _: api.reply({}))

    api.connect(server).merge_patch(
        "flagger.app/v1beta1", "Canary", "t", "x", {"status": None}, subresource="status"
    )

    assert server.requests[0].target == (
        "/apis/flagger.app/v1beta1/namespaces/t/canaries/x/status?fieldManager=burgee"
    )
    assert server.requests[0].json() == {"status": None}


def test_list_follows_the_pages_and_names_the_kinds(api: Any) -> None:
    def answer(request: Any) -> Any:
        query = parse_qs(urlsplit(request.target).query)
        assert query["labelSelector"] == ["app in (a,b)"]
        if "continue" in query:
            assert query["continue"] == ["more"]
            return api.reply({"items": [{"metadata": {"name": "b"}}]})
        return api.reply(
            {"metadata": {"continue": "more"}, "items": [{"metadata": {"name": "a"}}]}
        )

    server = api.serve(answer)

    found = api.connect(server).list("v1", "Service", "t", label_selector="app in (a,b)")

    assert found == [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "b"}},
    ]


def test_list_of_all_namespaces_has_no_namespace_in_its_path(api: Any) -> None:
    server = api.serve(lambda _: api.reply({"items": []}))

    assert api.connect(server).list("flagger.app/v1beta1", "Canary") == []
    assert server.requests[0].target == "/apis/flagger.app/v1beta1/canaries?limit=500"


def test_list_without_items_is_an_error(api: Any) -> None:
    server = api.serve(lambda _: api.reply({"kind": "Status"}))

    with pytest.raises(ClusterError, match="answered without items"):
        api.connect(server).list("v1", "Service", "t")


def test_an_unknown_kind_is_discovered_once(api: Any) -> None:
    resources = [
        {"name": "widgets", "kind": "Widget", "namespaced": True},
        {"name": "widgets/status", "kind": "Widget", "namespaced": True},
        {"name": "walls", "kind": "Wall", "namespaced": False},
    ]

    def answer(request: Any) -> Any:
        if request.target == "/apis/example.com/v1":
            return api.reply({"kind": "APIResourceList", "resources": resources})
        return api.reply({"at": request.target})

    server = api.serve(answer)
    client = api.connect(server)

    assert client.get("example.com/v1", "Widget", "t", "a") == {
        "at": "/apis/example.com/v1/namespaces/t/widgets/a"
    }
    assert client.get("example.com/v1", "Wall", "", "b") == {"at": "/apis/example.com/v1/walls/b"}
    assert client.get("example.com/v1", "Widget", "t", "c")
    targets = [request.target for request in server.requests]
    assert targets.count("/apis/example.com/v1") == 1


def test_a_kind_that_is_not_served_is_asked_for_again_only_after_a_while() -> None:
    asked: list[str] = []
    clock = [100.0]
    served: list[dict[str, Any]] = []

    def discover(path: str, _seconds: float) -> dict[str, Any]:
        asked.append(path)
        if not served:
            raise NotFound("no such group", 404)
        return {"resources": served}

    kinds = Kinds(discover, monotonic=lambda: clock[0])

    for _ in range(3):
        with pytest.raises(NotFound, match="not served"):
            kinds.path("example.com/v1", "Widget", "t", "a", seconds=1)
    assert asked == ["/apis/example.com/v1"]

    served.append({"name": "widgets", "kind": "Widget", "namespaced": True})
    clock[0] += 31
    path = kinds.path("example.com/v1", "Widget", "t", "a", seconds=1)
    assert path == "/apis/example.com/v1/namespaces/t/widgets/a"
    assert len(asked) == 2


def test_what_is_served_is_asked_for_again_now_and_then() -> None:
    asked: list[str] = []
    clock = [100.0]
    served: list[dict[str, Any]] = []

    def discover(path: str, _seconds: float) -> dict[str, Any]:
        asked.append(path)
        return {"resources": served}

    kinds = Kinds(discover, monotonic=lambda: clock[0])
    keda = ("keda.sh/v1alpha1", "ScaledObject")

    assert [kinds.serves(*keda, seconds=1) for _ in range(3)] == [False] * 3
    assert asked == ["/apis/keda.sh/v1alpha1"]

    served.append({"name": "scaledobjects", "kind": "ScaledObject", "namespaced": True})
    clock[0] += 10
    assert [kinds.serves(*keda, seconds=1) for _ in range(3)] == [True] * 3
    assert len(asked) == 2

    served.clear()
    clock[0] += 60
    assert kinds.serves(*keda, seconds=1)
    clock[0] += 600
    assert not kinds.serves(*keda, seconds=1)
    assert len(asked) == 3


def test_what_is_served_cannot_be_known_of_a_server_that_fails(api: Any) -> None:
    server = api.serve(lambda _: api.reply({}, code=503))

    with pytest.raises(ClusterError, match="503"):
        api.connect(server).serves("keda.sh/v1alpha1", "ScaledObject")


def test_a_namespaced_object_needs_its_namespace(api: Any) -> None:
    server = api.serve(lambda _: api.reply({}))

    with pytest.raises(NotFound, match="needs a namespace"):
        api.connect(server).get("v1", "Secret", "", "x")


def test_sixteen_threads_share_at_most_sixteen_connections(api: Any) -> None:
    server = api.serve(lambda r: api.reply({"at": r.target}))
    client = api.connect(server)
    together = Barrier(16, timeout=10)

    def work(number: int) -> bool:
        together.wait()
        return all(
            client.get("v1", "ConfigMap", "t", f"{number}-{turn}")
            == {"at": f"/api/v1/namespaces/t/configmaps/{number}-{turn}"}
            for turn in range(20)
        )

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(work, range(16)))

    assert len(server.requests) == 16 * 20
    assert server.connections <= 16


def test_a_rotated_token_is_used_by_the_next_call(api: Any, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("one\n", encoding="utf-8")
    server = api.serve(lambda _: api.reply({}))
    client = api.connect(server, token_file=TokenFile(path))

    client.get("v1", "ConfigMap", "t", "x")
    rotated = tmp_path / "next"
    rotated.write_text("another", encoding="utf-8")
    rotated.replace(path)
    client.get("v1", "ConfigMap", "t", "x")
    path.unlink()
    client.get("v1", "ConfigMap", "t", "x")

    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == ["Bearer one", "Bearer another", "Bearer another"]


def test_readiness_is_remembered(api: Any) -> None:
    server = api.serve(lambda _: api.reply({"gitVersion": "v1.33.0"}))
    client = api.connect(server)

    assert not client.has_answered
    client.ping()

    assert client.has_answered
    assert server.requests[0].target == "/version"
