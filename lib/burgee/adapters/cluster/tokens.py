"""Bearer tokens that are rotated while burgee runs."""

from pathlib import Path

from burgee.errors import InvalidSettings


class TokenFile:
    """A bearer token in a file that somebody else rotates."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet: the file may appear later than the program."""
        self._path = path
        self._known: tuple[tuple[int, int, int], str] | None = None

    def read(self) -> str:
        """The token, read again only when the file is another than before.

        A file that vanishes for a moment while it is rotated leaves the last token in use.

        Raises:
            InvalidSettings: the file was never readable, or is empty.
        """
        known = self._known
        try:
            found = self._path.stat()
            mark = (found.st_mtime_ns, found.st_ino, found.st_size)
            if known is not None and known[0] == mark:
                return known[1]
            token = self._path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            if known is not None:
                return known[1]
            raise InvalidSettings(
                f"cannot read the token file {self._path}: {type(error).__name__}"
            ) from None
        if not token:
            raise InvalidSettings(f"the token file {self._path} is empty")
        self._known = (mark, token)
        return token
