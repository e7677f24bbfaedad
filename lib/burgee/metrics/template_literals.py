"""Go's string and number literals, read and written."""

import re
from decimal import Decimal

_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", '"': '"',
}  # fmt: skip
_ESCAPED = {value: f"\\{key}" for key, value in _ESCAPES.items()}
_ESCAPE = re.compile(
    r"""\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))""", re.DOTALL
)
_LARGEST = 2**63 - 1


def unquote(literal: str) -> str:
    r"""The text that an interpreted string literal stands for, quotes included in `literal`.

    `\x` and octal escapes are bytes of UTF-8, as in Go.

    Raises:
        ValueError: an escape that Go does not know.
    """
    parts: list[bytes] = []
    position = 1
    for found in _ESCAPE.finditer(literal, 1, len(literal) - 1):
        parts.extend((literal[position : found.start()].encode(), _unescape(found)))
        position = found.end()
    parts.append(literal[position:-1].encode())
    return b"".join(parts).decode(errors="replace")


def _unescape(found: re.Match[str]) -> bytes:
    byte, octal, short, long, single = found.groups()
    if byte is not None:
        return bytes((int(byte, 16),))
    if octal is not None and int(octal, 8) <= 0xFF:
        return bytes((int(octal, 8),))
    if single in _ESCAPES:
        return _ESCAPES[single].encode()
    code = int(short or long or "110000", 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"unknown escape {found[0]}")
    return chr(code).encode()


def quote(text: str) -> str:
    """The text as a Go string literal, as `%q` prints it."""
    return f'"{"".join(_escape(char) for char in text)}"'


def _escape(char: str) -> str:
    if char in _ESCAPED:
        return _ESCAPED[char]
    code = ord(char)
    if char.isprintable():
        return char
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def number(literal: str) -> int | float:
    """The value of a number literal.

    Raises:
        ValueError: it is too large for 64 bits, or an octal with the digit 8 or 9.
    """
    digits = literal.lstrip("+-")
    if digits[:2] in {"0x", "0X"}:
        return _fits(int(literal, 16), literal)
    if digits.isdigit():
        return _fits(int(literal, 8 if digits.startswith("0") else 10), literal)
    value = float(literal)
    if value in {float("inf"), float("-inf")}:
        raise ValueError(f"{literal} is too large")
    return value


def _fits(value: int, literal: str) -> int:
    if not -_LARGEST - 1 <= value <= _LARGEST:
        raise ValueError(f"{literal} is too large")
    return value


def shortest(value: float) -> str:
    """A float as `%v` prints it: the fewest digits, an exponent below 1e-4 and from 1e6 on."""
    exact = Decimal(repr(value)).normalize()
    if -4 <= exact.adjusted() < 6:
        return f"{exact:f}"
    mantissa, exponent = f"{exact:e}".split("e")
    return f"{mantissa}e{int(exponent):+03d}"
