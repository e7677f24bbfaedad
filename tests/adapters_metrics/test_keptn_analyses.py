"""Analyses of Keptn: made in the cluster, waited for, deleted."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from fake_keptn import ANALYSES, FakeKeptn

from burgee.adapters.cluster.kube import KubeClient
from burgee.adapters.cluster.kubeconfig import access_from_environment
from burgee.adapters.sources.keptn import analysis_of, measure
from burgee.api.manifest import name_of
from burgee.metrics.model import Check, Limits, Measurement, Sample, Source, SourceError
from burgee.metrics.sources import cluster_metric
from burgee.playground.cluster import Cluster

SOURCE = Source(type="keptn", address="")
CHECK = Check(
    id="0/template",
    name="slo",
    source=SOURCE,
    query="Analysis/Prod/My-Project/2m/service=Podinfo;stage=a=b;nothing",
    limits=Limits(minimum=1),
    key="uid/b1-0123/Progressing/25/0/template",
)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster(namespaces=["prod"]) as running:
        yield running


@pytest.fixture
def keptn(cluster: Cluster) -> Iterator[FakeKeptn]:
    made = FakeKeptn(cluster.store)
    yield made
    made.close()


@pytest.fixture
def kube(cluster: Cluster, tmp_path: Path) -> Iterator[KubeClient]:
    path = cluster.kubeconfig(tmp_path / "kubeconfig")
    client = KubeClient(access_from_environment({"KUBECONFIG": str(path)}))
    yield client
    client.close()


def ask(kube: KubeClient, check: Check = CHECK, seconds: float = 5) -> Measurement:
    return measure(check, kube, seconds=seconds)


@pytest.mark.parametrize(("passes", "value"), [(True, 1.0), (False, 0.0)])
def test_a_result_is_one_or_nought(
    passes: bool, value: float, cluster: Cluster, keptn: FakeKeptn, kube: KubeClient
) -> None:
    keptn.passes["my-project"] = passes

    assert ask(kube) == Sample(value=value)

    (made,) = keptn.made
    assert made["metadata"]["namespace"] == "prod"
    assert made["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "burgee"}
    assert made["spec"] == {
        "analysisDefinition": {"name": "my-project"},
        "timeframe": {"recent": "2m"},
        "args": {"service": "Podinfo", "stage": "a=b"},
    }
    assert cluster.store.list(ANALYSES)[0] == []


def test_one_that_does_not_end_is_an_error_and_deleted(
    cluster: Cluster, keptn: FakeKeptn, kube: KubeClient
) -> None:
    keptn.passes["my-project"] = None

    found = ask(kube, seconds=1.5)

    assert found == SourceError(message="the analysis of Keptn did not end in 1.5 s")
    assert cluster.store.list(ANALYSES)[0] == []


def test_whoever_asks_the_same_meets_the_same_object(keptn: FakeKeptn, kube: KubeClient) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: ask(kube), range(4)))

    assert found == [Sample(value=1)] * 4
    assert len({name_of(one) for one in keptn.made}) == 1


def test_one_that_was_left_behind_is_taken_up(
    cluster: Cluster, keptn: FakeKeptn, kube: KubeClient
) -> None:
    metric = cluster_metric(SOURCE, CHECK.query)
    assert metric is not None
    kube.create(analysis_of(CHECK, metric))

    assert ask(kube) == Sample(value=1)
    assert len(keptn.made) == 1
    assert cluster.store.list(ANALYSES)[0] == []


def test_names_follow_from_what_is_asked_in_which_step() -> None:
    def named(check: Check) -> str:
        metric = cluster_metric(SOURCE, check.query)
        assert metric is not None
        return name_of(analysis_of(check, metric))

    assert named(CHECK) == named(replace(CHECK, id="other"))
    others = [
        replace(CHECK, key="uid/b1-0123/Progressing/50/0/template"),
        replace(CHECK, query="analysis/prod/my-project/2m/service=other"),
        replace(CHECK, query="analysis/prod/my-project"),
    ]
    assert len({named(CHECK), *map(named, others)}) == 4
    long = named(replace(CHECK, query=f"analysis/prod/{'a' * 47}.{'b' * 100}"))
    assert len(long) <= 63
    assert long.startswith(f"{'a' * 47}-")


def test_a_cluster_without_keptn_is_told(kube: KubeClient) -> None:
    found = ask(kube)

    assert isinstance(found, SourceError)
    assert "Analysis of metrics.keptn.sh/v1beta1 is not served by this cluster" in found.message
