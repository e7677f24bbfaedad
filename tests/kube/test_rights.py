"""Whether a kind may be read at all: tried once, and again after a while."""

import pytest

from burgee.adapters.cluster.rights import Rights
from burgee.errors import ClusterError, NotFound

KIND = ("projectcontour.io/v1", "HTTPProxy", "t", "a")


class Server:
    """Answers every read the same way, and counts them."""

    def __init__(self) -> None:
        self.error: ClusterError | None = None
        self.reads = 0

    def read(self, *_: object) -> None:
        self.reads += 1
        if self.error:
            raise self.error


@pytest.mark.parametrize(
    ("error", "granted"),
    [
        (None, True),
        (NotFound("there is none", 404), True),
        (ClusterError("forbidden", 403), False),
    ],
)
def test_an_answer_tells_whether_it_may_be_read(error: ClusterError | None, granted: bool) -> None:
    server = Server()
    server.error = error
    rights = Rights(server.read, monotonic=lambda: 1.0)

    assert [rights.allow(*KIND, seconds=1) for _ in range(3)] == [granted] * 3
    assert server.reads == 1


def test_what_was_refused_is_tried_again_soon_and_what_was_granted_later() -> None:
    server, clock = Server(), [100.0]
    rights = Rights(server.read, monotonic=lambda: clock[0])
    server.error = ClusterError("forbidden", 403)
    assert not rights.allow(*KIND, seconds=1)

    server.error = None
    clock[0] += 10
    assert rights.allow(*KIND, seconds=1)
    server.error = ClusterError("forbidden", 403)
    clock[0] += 60
    assert rights.allow(*KIND, seconds=1)
    clock[0] += 600
    assert not rights.allow(*KIND, seconds=1)


def test_a_namespace_has_rights_of_its_own() -> None:
    server = Server()
    rights = Rights(server.read, monotonic=lambda: 1.0)

    for namespace in ("t", "u", "t"):
        assert rights.allow(*KIND[:2], namespace, "a", seconds=1)
    assert server.reads == 2


def test_a_server_that_fails_tells_nothing_and_is_not_remembered() -> None:
    server = Server()
    rights = Rights(server.read, monotonic=lambda: 1.0)
    server.error = ClusterError("overloaded", 503)
    with pytest.raises(ClusterError, match="overloaded"):
        rights.allow(*KIND, seconds=1)

    server.error = None
    assert rights.allow(*KIND, seconds=1)


def test_memory_is_bounded() -> None:
    server = Server()
    rights = Rights(server.read, monotonic=lambda: 1.0)

    for number in range(10_000):
        rights.allow(*KIND[:2], f"n{number}", "a", seconds=1)

    assert len(rights._known) < 5_000
