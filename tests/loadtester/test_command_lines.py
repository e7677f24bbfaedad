"""Which command lines need a shell, judged against a real one."""

import shutil
import subprocess

import pytest

from burgee.loadtester.commands import has_patterns, joined, needs_shell, split

PLAIN = [
    "hey -z 1m -q 10 -c 2 http://podinfo-canary.test:9898/",
    'hey -z 1m -H "X-Canary: insider" http://podinfo.test/',
    'ghz -z 1m --data \'{"a": "$b"}\' podinfo:9898',
    'curl -d "a \\"quoted\\" word" http://x/',
    "curl http://x/a=b",
    "wrk -t2 -c10 -d30s -s 'a file.lua' http://x/",
    "a b\\ c",
    "x a#b a~b",
    "x --set a=b",
    "x '' \"\" y",
    "x \"a'b\" 'a\"b'",
    'x "a\\\\b"',
]
SPECIAL = [
    "a | b", "a && b", "a; b", "a > /dev/null", "a < b", "a &", "a $HOME", 'a "$HOME"',
    'a "`id`"', "a `id`", "a $(id)", "(a)", "A=b c", "cd /tmp", "exit 1", ": x", "{ a; }",
    "a ~", "a ~/b", "# a", "a # b", "a\nb", 'a "\\$b"', "if true", "! true", "export A",
]  # fmt: skip


@pytest.mark.parametrize("command", PLAIN)
def test_a_plain_command_means_the_same_without_a_shell(command: str) -> None:
    assert needs_shell(command) == ""

    program, *rest = split(command)
    quoted = command.removeprefix(program)
    shell = subprocess.run(
        ["sh", "-c", f"{shutil.which('printf')} '%s\\n'{quoted}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shell.stdout == "".join(f"{word}\n" for word in rest)


@pytest.mark.parametrize("command", SPECIAL)
def test_what_only_a_shell_can_do_is_found(command: str) -> None:
    assert needs_shell(command)


@pytest.mark.parametrize("command", ["a *", "curl http://x/?a=b", "curl http://[::1]/"])
def test_patterns_are_themselves_without_a_shell(command: str) -> None:
    assert needs_shell(command) == ""
    assert has_patterns(command)
    assert split(command) == tuple(command.split())


def test_quotes_hide_patterns() -> None:
    assert not has_patterns("a '*' \"?\" \\[")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        pytest.param("  a b\n", ("a", "b"), id="blanks around it"),
        pytest.param("a \\\n  b \\\n  c\n", ("a", "b", "c"), id="lines that go on"),
        pytest.param("a 'b' \\\n c", ("a", "b", "c"), id="beside single quotes"),
        pytest.param('a "b\\\n" c', ("a", "b", "c"), id="in double quotes"),
        pytest.param('a "it\'s" \\\n c', ("a", "it's", "c"), id="beside an apostrophe"),
        pytest.param("a \\' \\\n c", ("a", "'", "c"), id="beside an escaped quote"),
        pytest.param("a \\\\ b", ("a", "\\", "b"), id="an escaped backslash"),
    ],
)
def test_a_block_of_yaml_is_one_command(command: str, words: tuple[str, ...]) -> None:
    assert needs_shell(joined(command)) == ""
    assert split(joined(command)) == words


def test_a_backslash_in_single_quotes_joins_nothing() -> None:
    assert split(joined("a 'b\\\nc'")) == ("a", "b\\\nc")
