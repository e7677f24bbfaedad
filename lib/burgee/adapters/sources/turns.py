"""Large answers are read one at a time.

JSON of a megabyte may become twenty-five in memory, and a server that somebody has written into a
MetricTemplate may send such to every check of a step. Ordinary answers wait for nobody.
"""

import threading
from collections.abc import Generator
from contextlib import contextmanager

MOST_BYTES = 1024 * 1024
"""Of the answer to a query, decompressed."""

_LARGE_BYTES = 64 * 1024
_turn = threading.Lock()


@contextmanager
def in_turn(body: bytes) -> Generator[None]:
    """While an answer is made sense of; one that is large waits until no other one is."""
    if len(body) <= _LARGE_BYTES:
        yield
        return
    with _turn:
        yield
