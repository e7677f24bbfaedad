"""A command line becomes arguments, so that no shell reads what a webhook sent.

`shlex` knows quotes and backslashes as a shell does. Whatever else a shell would act on has to be
found first, or a command would silently mean something else: an operator, an expansion, an
assignment, a word that is a command of the shell itself.
"""

import shlex
from collections.abc import Iterator

_OPERATORS = frozenset("|&;<>()\n")
_EXPANSIONS = frozenset("$`")
_LINES = frozenset("\n")
_PATTERNS = frozenset("*?[")
# Only where a word begins: in a word they are themselves.
_AT_START = frozenset("~#")
_BUILTINS = frozenset(
    {
        ".", ":", "alias", "break", "case", "cd", "command", "continue", "eval", "exec", "exit",
        "export", "for", "hash", "if", "jobs", "local", "read", "readonly", "return", "set",
        "shift", "source", "times", "trap", "type", "ulimit", "umask", "unalias", "unset",
        "until", "wait", "while", "{", "!",
    }
)  # fmt: skip


def joined(command: str) -> str:
    """The command line without blanks around it, and with lines that go on joined.

    In single quotes a backslash at the end of a line is itself.
    """
    return "".join(_joined(command.strip()))


def _joined(command: str) -> Iterator[str]:
    """The command line in pieces, without backslashes at the ends of lines."""
    quote = ""
    at = 0
    while at < len(command):
        one, pair = command[at], command[at : at + 2]
        if one == "\\" and quote != "'":
            yield "" if pair == "\\\n" else pair
            at += 2
            continue
        if one in {"'", '"'} and quote in {"", one}:
            quote = "" if quote else one
        yield one
        at += 1


def split(command: str) -> tuple[str, ...]:
    """The words of a command line.

    Raises:
        ValueError: a quote is not closed.
    """
    try:
        return tuple(shlex.split(command))
    except ValueError:
        raise ValueError("a quotation mark or an escape is not finished") from None


def needs_shell(command: str) -> str:
    """What only a shell can do in this command line, in words; empty where it needs none.

    Patterns (`*`, `?`, `[`) do not count: they are part of addresses much more often than of
    names of files, and a shell leaves them alone as well where no file matches.
    """
    if found := _specials(command) - _PATTERNS:
        return f"the character {min(found)!r}"
    words = command.split(maxsplit=1)
    first = words[0] if words else ""
    if first in _BUILTINS:
        return f"the shell's own {first!r}"
    name, equals, _ = first.partition("=")
    return "an assignment" if equals and name.isidentifier() else ""


def has_patterns(command: str) -> bool:
    """Whether a shell might put names of files into this command line."""
    return bool(_specials(command) & _PATTERNS)


def _specials(command: str) -> set[str]:
    """The characters that a shell acts on, where quotes do not keep it from that."""
    found: set[str] = set()
    quote, begins, escaped = "", True, False
    for character in command:
        if escaped:
            # In double quotes a shell takes the backslash away before these; shlex does not.
            found |= {character} & (_EXPANSIONS if quote else _LINES)
            escaped = False
        elif quote == "'":
            quote = "" if character == "'" else quote
        elif character == "\\":
            escaped = True
        elif quote:
            found |= {character} & _EXPANSIONS
            quote = "" if character == '"' else quote
        elif character in "'\"":
            quote = character
        else:
            found |= {character} & (_OPERATORS | _EXPANSIONS | _PATTERNS)
            found |= {character} & _AT_START if begins else set()
        begins = not quote and not escaped and character.isspace()
    return found
