"""A light server that gives fixed answers, in a process of its own.

It stands for the API server and for Prometheus where the hook server alone is to be measured.
GET answers by exact path (the query is ignored), POST is answered 201 with an empty object, and
GET /counts says how many calls of each sort there were.

    python -m bench.responder answers.json    # {"path": any JSON}; prints its port
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

COUNTS = "/counts"
_HEAD_END = b"\r\n\r\n"
_WHOLE_BYTES = 2048


class Responder(asyncio.Protocol):
    """One connection."""

    def __init__(self, answers: Mapping[bytes, bytes], counts: Counter[str]) -> None:
        self._answers = answers
        self._counts = counts
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport of a new connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._received += data
        while (end := self._received.find(_HEAD_END)) >= 0:
            head = self._received[:end]
            whole = end + len(_HEAD_END) + _content_length(head)
            if len(self._received) < whole:
                return
            self._received = self._received[whole:]
            assert self._transport is not None
            self._transport.write(self._answer(head))

    def _answer(self, head: bytes) -> bytes:
        method, target, _ = head.split(b"\r\n", 1)[0].split(b" ", 2)
        path = target.partition(b"?")[0]
        self._counts[f"{method.decode()} {path.decode()}"] += 1
        if path == COUNTS.encode():
            return response(200, json.dumps(self._counts).encode())
        if method == b"POST" and path not in self._answers:
            return response(201, b"{}")
        return self._answers.get(path) or response(404, b"{}")


def response(code: int, body: bytes) -> bytes:
    """An HTTP answer, ready to be sent; larger ones in a chunk, as a Go server sends them."""
    head = f"HTTP/1.1 {code} -\r\nContent-Type: application/json\r\n".encode()
    if len(body) <= _WHOLE_BYTES:
        return head + b"Content-Length: %d" % len(body) + _HEAD_END + body
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return head + b"Transfer-Encoding: chunked" + _HEAD_END + chunk


def _content_length(head: bytes) -> int:
    lowered = head.lower()
    start = lowered.find(b"\r\ncontent-length:")
    if start < 0:
        return 0
    return int(lowered[start + 17 :].split(b"\r\n", 1)[0])


async def serve(answers: Mapping[bytes, bytes]) -> None:
    """Serve until the process ends; the port is printed."""
    counts: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Responder(answers, counts), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main(path: str) -> None:
    """Read the answers and serve them."""
    found = json.loads(Path(path).read_text(encoding="utf-8"))
    answers = {
        path.encode(): response(200, json.dumps(body, separators=(",", ":")).encode())
        for path, body in found.items()
    }
    asyncio.run(serve(answers))


if __name__ == "__main__":
    main(sys.argv[1])
