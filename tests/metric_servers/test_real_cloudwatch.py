"""CloudWatch as Moto plays it: botocore signs and sends, and its wire formats come back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from real_servers import amazon

from burgee.adapters.sources.botocore_client import Connector
from burgee.adapters.sources.cloudwatch import CloudWatch
from burgee.metrics.model import Check, Limits, Measurement, NoData, Sample, Source

pytestmark = pytest.mark.slow

REGION = "eu-west-1"
SOURCE = Source(type="cloudwatch", address="", region=REGION)


@pytest.fixture(scope="module")
def cloudwatch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CloudWatch]:
    with pytest.MonkeyPatch.context() as place:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            place.setenv(name, "of-a-test")
        place.setenv("AWS_CONFIG_FILE", "/nowhere")
        place.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        with amazon(tmp_path_factory.mktemp("amazon")) as url:
            feed(url)
            made = CloudWatch(endpoint=url)
            yield made
            made.close()


def feed(url: str) -> None:
    """Three minutes, in a jumble; the newest is 7."""
    client = Connector(endpoint=url, seconds=10).connect(REGION)
    # In the middle of a minute, so that none of them is still to come.
    now = datetime.now(UTC).replace(second=30, microsecond=0) - timedelta(minutes=1)
    for minutes, value in ((2, 5.0), (0, 7.0), (1, 6.0)):
        datum = {
            "MetricName": "Errors",
            "Dimensions": [{"Name": "app", "Value": "podinfo"}],
            "Timestamp": now - timedelta(minutes=minutes),
            "Value": value,
        }
        client.put_metric_data(Namespace="App", MetricData=[datum])
    client.close()


def query(app: str, stat: str = "Sum") -> str:
    """As Flagger's documentation writes them, with small letters."""
    metric = {
        "namespace": "App",
        "metricName": "Errors",
        "dimensions": [{"name": "app", "value": app}],
    }
    return json.dumps([{"id": "e", "metricStat": {"metric": metric, "period": 60, "stat": stat}}])


def ask(cloudwatch: CloudWatch, text: str, interval_seconds: float = 60) -> Measurement:
    check = Check(
        id="0",
        name="m",
        source=SOURCE,
        query=text,
        limits=Limits(),
        interval_seconds=interval_seconds,
    )
    return cloudwatch.measure(check, None, seconds=5)


@pytest.mark.parametrize("stat", ["Sum", "Average", "Maximum"])
def test_the_newest_of_several_minutes_counts(stat: str, cloudwatch: CloudWatch) -> None:
    assert ask(cloudwatch, query("podinfo", stat)) == Sample(value=7)


def test_no_series_is_no_data(cloudwatch: CloudWatch) -> None:
    assert ask(cloudwatch, query("nobody")) == NoData()


def test_what_is_older_than_ten_intervals_is_not_asked_about(cloudwatch: CloudWatch) -> None:
    assert ask(cloudwatch, query("podinfo"), interval_seconds=1) == NoData()


def test_it_is_online(cloudwatch: CloudWatch) -> None:
    assert cloudwatch.problem(SOURCE, None, seconds=5) == ""
