"""What a log line says, and what none may say."""

import contextlib
import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from burgee.errors import ClusterError
from burgee.loadtester.logs import configure_logging as configure_logging_of_the_load_tester
from hooks.logs import REDACTED, StdoutHandler, configure_logging, redact, show_exception


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """Configured logging; call it for the lines written so far."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    configure_logging("info")
    yield lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


@pytest.mark.parametrize(
    ("event", "hidden"),
    [
        pytest.param({"data": {"a": "S3CRET"}}, {"data": REDACTED}, id="data"),
        pytest.param({"stringData": "S3CRET"}, {"stringData": REDACTED}, id="stringData"),
        pytest.param({"binaryData": b"S3CRET"}, {"binaryData": REDACTED}, id="binaryData"),
        pytest.param({"Authorization": "S3CRET"}, {"Authorization": REDACTED}, id="any case"),
        pytest.param({"token": "S3CRET", "a": 1}, {"token": REDACTED, "a": 1}, id="token"),
        pytest.param({"password": ["S3CRET"]}, {"password": REDACTED}, id="password"),
        pytest.param(
            {"child": {"kind": "Secret", "data": {"p": "S3CRET"}}},
            {"child": {"kind": "Secret", "data": REDACTED}},
            id="deep",
        ),
        pytest.param(
            {"children": ({"headers": [{"token": "S3CRET"}]},)},
            {"children": [{"headers": [{"token": REDACTED}]}]},
            id="in lists",
        ),
        pytest.param({"database": "x"}, {"database": "x"}, id="only whole words"),
    ],
)
def test_secrets_are_hidden_however_deep(event: dict[str, Any], hidden: dict[str, Any]) -> None:
    assert redact(None, "info", event) == hidden


def test_redaction_leaves_the_logged_object_alone() -> None:
    secret = {"data": {"p": "x"}}

    redact(None, "info", {"object": secret})

    assert secret == {"data": {"p": "x"}}


def test_a_line_is_one_json_object_with_its_context(lines: Any) -> None:
    structlog.contextvars.bind_contextvars(canary="t/app")
    structlog.get_logger("hooks.sync").info("moved\nup", weight=10)

    (line,) = lines()
    stamp = line.pop("timestamp")
    assert stamp.endswith("Z")
    assert line == {
        "event": "moved\nup",
        "weight": 10,
        "canary": "t/app",
        "level": "info",
        "logger": "hooks.sync",
    }


def test_lines_of_other_libraries_look_the_same(lines: Any) -> None:
    structlog.contextvars.bind_contextvars(canary="t/app")
    logging.getLogger("gunicorn.error").warning("worker %s is %s", 7, "slow")
    logging.getLogger("somebody").info("x", extra={"token": "S3CRET"})

    first, second = lines()
    assert first["event"] == "worker 7 is slow"
    assert (first["level"], first["logger"], first["canary"]) == (
        "warning",
        "gunicorn.error",
        "t/app",
    )
    assert "S3CRET" not in str(second)


def test_lines_below_the_level_are_not_written(lines: Any) -> None:
    structlog.get_logger("hooks.sync").debug("detail")
    logging.getLogger("somebody").debug("detail")
    logging.getLogger("werkzeug").info("GET / 200")

    assert lines() == []


@pytest.mark.parametrize("configure", [configure_logging, configure_logging_of_the_load_tester])
@pytest.mark.parametrize("name", ["urllib3.connection", "urllib3.connectionpool"])
def test_what_clients_say_of_addresses_is_not_written(
    name: str, configure: Callable[[str], None], lines: Any
) -> None:
    configure("debug")
    logging.getLogger(name).debug("GET /hooks/S3CRET")
    logging.getLogger(name).warning("Failed to parse headers (url=http://x/S3CRET)")

    assert lines() == []


@pytest.mark.parametrize("name", ["botocore.auth", "botocore.endpoint", "google.auth.transport"])
def test_what_clients_of_clouds_say_is_not_written(name: str, lines: Any) -> None:
    configure_logging("debug")
    logging.getLogger(name).debug("x-amz-security-token: S3CRET")

    assert lines() == []


def test_of_a_foreign_exception_only_class_and_places_are_shown(lines: Any) -> None:
    try:
        json.loads("S3CRET")
    except ValueError:
        structlog.get_logger("hooks.sync").exception("failed")
        logging.getLogger("gunicorn.error").exception("failed")

    written = lines()
    assert len(written) == 2
    for line in written:
        assert line["exception"] == "JSONDecodeError"
        assert any("raw_decode" in place for place in line["where"])
        assert "S3CRET" not in str(line)


def test_burgees_own_exceptions_say_their_text() -> None:
    shown = show_exception(None, "error", {"exc_info": ClusterError("GET /x answered 500")})

    assert shown == {"exception": "ClusterError: GET /x answered 500", "where": []}


def test_a_value_that_json_cannot_say_is_named_by_its_class(lines: Any) -> None:
    class Holder:
        def __repr__(self) -> str:
            return "S3CRET"

    structlog.get_logger("hooks.sync").info("odd", value=Holder())

    assert lines()[0]["value"] == "<Holder>"


def test_a_line_that_cannot_be_formatted_is_named_without_its_content(
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = logging.LogRecord("somebody", logging.WARNING, "x.py", 1, "%d", ("S3CRET",), None)

    StdoutHandler().handle(record)

    captured = capsys.readouterr()
    assert json.loads(captured.out) == {
        "event": "a line could not be written",
        "level": "warning",
        "logger": "somebody",
        "exception": "TypeError",
    }
    assert captured.err == ""


def test_a_closed_stdout_stops_nobody(lines: Any) -> None:
    closed = io.StringIO()
    closed.close()
    with contextlib.redirect_stdout(closed):
        logging.getLogger("somebody").warning("lost")

    assert lines() == []
