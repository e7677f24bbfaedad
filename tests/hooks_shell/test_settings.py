"""The environment as a table: what is read, what wins, what is refused and how."""

from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from burgee.api.settings import EngineSettings
from burgee.errors import InvalidSettings
from hooks.flags import parse_bool, parse_flags
from hooks.settings import Settings

IN_CLUSTER = {"KUBERNETES_SERVICE_HOST": "10.96.0.1"}
INSECURE = {"BURGEE_INSECURE": "true"}


def test_the_defaults_are_flaggers() -> None:
    settings = Settings.from_environment(INSECURE)

    assert settings == Settings(insecure=True)
    assert settings.engine == EngineSettings()
    assert settings.engine.metrics_server == "http://prometheus:9090"
    assert settings.engine.selector_labels == ("app", "name", "app.kubernetes.io/name")
    assert (settings.bind, settings.threads, settings.budget_seconds) == ("0.0.0.0:8080", 8, 8.0)
    assert settings.max_body_bytes == 33554432


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        pytest.param("MESH_PROVIDER", "nginx", "mesh_provider", "nginx", id="mesh provider"),
        pytest.param("METRICS_SERVER", "https://p/x", "metrics_server", "https://p/x", id="url"),
        pytest.param("SELECTOR_LABELS", "a, b,", "selector_labels", ("a", "b"), id="labels"),
        pytest.param("INCLUDE_LABEL_PREFIX", "*", "include_label_prefix", ("*",), id="prefix"),
        pytest.param("ENABLE_CONFIG_TRACKING", "false", "config_tracking", False, id="tracking"),
        pytest.param("NO_CROSS_NAMESPACE_REFS", "1", "no_cross_namespace_refs", True, id="refs"),
        pytest.param("CLUSTER_NAME", "blue", "cluster_name", "blue", id="cluster"),
        pytest.param("INGRESS_CLASS", "in", "ingress_class", "in", id="ingress class"),
        pytest.param(
            "FLAGGER_FLAGS",
            "-ingress-annotations-prefix=custom.test",
            "ingress_annotations_prefix",
            "custom.test",
            id="prefix of annotations",
        ),
        pytest.param("SLACK_URL", "https://s/x", "slack_url", "https://s/x", id="slack"),
        pytest.param("SLACK_USER", "bot", "slack_user", "bot", id="slack user"),
        pytest.param("SLACK_CHANNEL", "ops", "slack_channel", "ops", id="slack channel"),
        pytest.param("SLACK_TOKEN", "xoxb\n", "slack_token", "xoxb", id="slack token"),
        pytest.param("SLACK_PROXY_URL", "http://p", "slack_proxy_url", "http://p", id="s proxy"),
        pytest.param("MSTEAMS_URL", "https://t/x", "msteams_url", "https://t/x", id="teams"),
        pytest.param(
            "MSTEAMS_PROXY_URL", "http://p", "msteams_proxy_url", "http://p", id="teams proxy"
        ),
        pytest.param("EVENT_WEBHOOK_URL", "http://e", "event_webhook", "http://e", id="events"),
        pytest.param(
            "FLAGGER_FLAGS", "-event-webhook=http://e", "event_webhook", "http://e", id="e flag"
        ),
        pytest.param(
            "FLAGGER_FLAGS", "-slack-channel ops", "slack_channel", "ops", id="slack flag"
        ),
        pytest.param("BURGEE_MIN_INTERVAL_SECONDS", "1", "min_interval_seconds", 1.0, id="floor"),
        pytest.param(
            "FLAGGER_FLAGS", "-mesh-provider=smi:v1alpha2", "mesh_provider", "smi:v1alpha2", id="="
        ),
        pytest.param(
            "FLAGGER_FLAGS", "--cluster-name 'a b'", "cluster_name", "a b", id="quoted, spaced"
        ),
        pytest.param(
            "FLAGGER_FLAGS",
            "-no-cross-namespace-refs",
            "no_cross_namespace_refs",
            True,
            id="a boolean alone",
        ),
        pytest.param(
            "FLAGGER_FLAGS",
            "-enable-config-tracking=F -cluster-name=x",
            "config_tracking",
            False,
            id="a boolean with a value",
        ),
        pytest.param(
            "FLAGGER_FLAGS", "-cluster-name=a -cluster-name=b", "cluster_name", "b", id="last wins"
        ),
    ],
)
def test_what_the_engine_is_told(variable: str, text: str, field: str, value: Any) -> None:
    settings = Settings.from_environment({**INSECURE, variable: text})

    assert getattr(settings.engine, field) == value


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        pytest.param("BURGEE_TOKEN", " abc\n", "token", "abc", id="token"),
        pytest.param("BURGEE_TOKEN_FILE", "/t", "token_file", Path("/t"), id="token file"),
        pytest.param("BURGEE_BUDGET_SECONDS", "2.5", "budget_seconds", 2.5, id="budget"),
        pytest.param("BURGEE_MAX_BODY_BYTES", "4096", "max_body_bytes", 4096, id="body"),
        pytest.param("BURGEE_BIND", "127.0.0.1:9", "bind", "127.0.0.1:9", id="bind"),
        pytest.param("BURGEE_THREADS", "16", "threads", 16, id="threads"),
        pytest.param("BURGEE_LOG_LEVEL", "DEBUG", "log_level", "debug", id="log level"),
    ],
)
def test_what_the_server_is_told(variable: str, text: str, field: str, value: Any) -> None:
    settings = Settings.from_environment({**INSECURE, variable: text})

    assert getattr(settings, field) == value


@pytest.mark.parametrize(
    ("environ", "address", "refused"),
    [
        pytest.param({}, "127.0.0.1", False, id="loopback outside a cluster"),
        pytest.param({}, "10.0.0.1", False, id="private"),
        pytest.param(IN_CLUSTER, "127.0.0.1", True, id="loopback in a cluster"),
        pytest.param(IN_CLUSTER, "10.0.0.1", False, id="private in a cluster"),
        pytest.param(
            {**IN_CLUSTER, "BURGEE_ALLOW_NETWORKS": "127.0.0.1"},
            "127.0.0.1",
            False,
            id="loopback allowed",
        ),
        pytest.param(
            {**IN_CLUSTER, "BURGEE_DENY_NETWORKS": "10.0.0.0/8, fd00::/8"},
            "127.0.0.1",
            True,
            id="what is denied comes on top",
        ),
        pytest.param({"BURGEE_DENY_NETWORKS": "10.0.0.0/8"}, "10.1.2.3", True, id="denied"),
        pytest.param(
            {"BURGEE_DENY_NETWORKS": "0.0.0.0/0", "BURGEE_ALLOW_NETWORKS": "10.0.0.0/8"},
            "10.1.2.3",
            False,
            id="an exception",
        ),
    ],
)
def test_which_networks_are_reached(environ: dict[str, str], address: str, refused: bool) -> None:
    settings = Settings.from_environment({**INSECURE, **environ})

    assert bool(settings.addresses.refusal(ip_address(address))) is refused


def test_flags_win_over_variables() -> None:
    settings = Settings.from_environment(
        {
            **INSECURE,
            "MESH_PROVIDER": "nginx",
            "CLUSTER_NAME": "kept",
            "FLAGGER_FLAGS": "-mesh-provider istio",
        }
    )

    assert settings.engine.mesh_provider == "istio"
    assert settings.engine.cluster_name == "kept"


def test_addresses_of_alerts_in_the_environment_win_over_flags() -> None:
    settings = Settings.from_environment(
        {
            **INSECURE,
            "SLACK_URL": "https://from-a-secret",
            "SLACK_CHANNEL": "from-env",
            "FLAGGER_FLAGS": "-slack-url=http://flag -slack-channel=from-flag",
        }
    )

    assert settings.engine.slack_url == "https://from-a-secret"
    assert settings.engine.slack_channel == "from-flag"


def test_no_address_of_an_alert_is_shown() -> None:
    settings = Settings.from_environment(
        {
            **INSECURE,
            "SLACK_URL": "https://S3CRET",
            "SLACK_TOKEN": "S3CRET",
            "MSTEAMS_URL": "https://S3CRET",
            "SLACK_PROXY_URL": "http://u:S3CRET@p",
            "EVENT_WEBHOOK_URL": "https://S3CRET",
        }
    )

    assert "S3CRET" not in repr(settings)


def test_an_empty_variable_is_as_none() -> None:
    settings = Settings.from_environment({**INSECURE, "SELECTOR_LABELS": "", "BURGEE_THREADS": ""})

    assert settings == Settings(insecure=True)


def test_flags_without_meaning_here_are_accepted_and_named() -> None:
    settings = Settings.from_environment(
        {
            **INSECURE,
            "FLAGGER_FLAGS": "-log-level debug -enable-leader-election -threadiness=2 -v 4 -v=5",
        }
    )

    assert settings.ignored_flags == ("log-level", "enable-leader-election", "threadiness", "v")


@pytest.mark.parametrize(
    ("variable", "text", "says"),
    [
        pytest.param("METRICS_SERVER", "prometheus:9090", "http://", id="no url"),
        pytest.param("SELECTOR_LABELS", " , ", "at least one", id="no label"),
        pytest.param("ENABLE_CONFIG_TRACKING", "yes", "true or false", id="no boolean"),
        pytest.param("BURGEE_INSECURE", "maybe", "true or false", id="insecure"),
        pytest.param("BURGEE_MIN_INTERVAL_SECONDS", "nan", "a number from", id="not a number"),
        pytest.param("BURGEE_MIN_INTERVAL_SECONDS", "0", "a number from", id="too small"),
        pytest.param("BURGEE_BUDGET_SECONDS", "inf", "a number from", id="infinite"),
        pytest.param("BURGEE_BUDGET_SECONDS", "8s", "a number from", id="with a unit"),
        pytest.param("BURGEE_MAX_BODY_BYTES", "32MB", "a whole number", id="bytes with a unit"),
        pytest.param("BURGEE_THREADS", "0", "a whole number", id="no threads"),
        pytest.param("BURGEE_THREADS", "-8", "a whole number", id="negative"),
        pytest.param("BURGEE_LOG_LEVEL", "loud", "one of debug", id="log level"),
        pytest.param("BURGEE_TOKEN", "schlüssel", "ASCII", id="token"),
        pytest.param("BURGEE_DENY_NETWORKS", "10.0.0.1/8", "list of networks", id="host bits"),
        pytest.param("BURGEE_ALLOW_NETWORKS", "localhost", "list of networks", id="no network"),
        pytest.param("SLACK_URL", "hooks.slack.com/x", "http://", id="slack address"),
        pytest.param("FLAGGER_FLAGS", "-mesh-providr=istio", "no flag of Flagger", id="typo"),
        pytest.param("FLAGGER_FLAGS", "mesh-provider=istio", "is no flag", id="no dash"),
        pytest.param("FLAGGER_FLAGS", "---version", "is no flag", id="three dashes"),
        pytest.param("FLAGGER_FLAGS", "-", "is no flag", id="a dash"),
        pytest.param("FLAGGER_FLAGS", "-cluster-name", "lacks its value", id="no value"),
        pytest.param("FLAGGER_FLAGS", "-cluster-name 'x", "quotation", id="open quote"),
        pytest.param(
            "FLAGGER_FLAGS", "-metrics-server=x", "-metrics-server: must be a URL", id="flag value"
        ),
    ],
)
def test_a_bad_value_names_its_variable(variable: str, text: str, says: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.from_environment({**INSECURE, variable: text})

    assert str(caught.value).startswith(variable)
    assert says in str(caught.value)
    assert "schlüssel" not in str(caught.value)


@pytest.mark.parametrize("environ", [{}, {"BURGEE_INSECURE": "false"}])
def test_a_token_is_demanded(environ: dict[str, str]) -> None:
    with pytest.raises(InvalidSettings, match="BURGEE_TOKEN or BURGEE_TOKEN_FILE"):
        Settings.from_environment(environ)


def test_settings_show_no_token_and_stay_as_they_are() -> None:
    settings = Settings(token="S3CRET")

    assert "S3CRET" not in repr(settings)
    assert "S3CRET" not in str(settings)
    with pytest.raises(ValidationError):
        settings.token = "other"


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("T", True), ("True", True), ("0", False), ("FALSE", False)]
)
def test_booleans_are_gos(text: str, value: bool) -> None:
    assert parse_bool(text) is value


def test_no_flags_are_no_flags() -> None:
    assert parse_flags("  ") == ({}, ())
