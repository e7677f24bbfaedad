"""Connections that go to the very address that was judged.

A connection keeps the name that it was asked for, which the Host header, SNI and the check of the
certificate are about; only the socket goes to an address, so that no second look-up can lead it
elsewhere.
"""

import socket
import time
from functools import lru_cache
from typing import Any, TypeAlias, cast

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError

from burgee.adapters.outside.addresses import AddressPolicy
from burgee.adapters.outside.ending import EndingResponse

_LEAST_SECONDS = 0.001

PoolClasses: TypeAlias = dict[str, type[HTTPConnectionPool]]


@lru_cache(maxsize=16)
def _made(
    policy: AddressPolicy | None,
) -> tuple[type[HTTPConnectionPool], type[HTTPSConnectionPool]]:
    class PlainConnection(HTTPConnection):
        response_class = EndingResponse

        def _new_conn(self) -> socket.socket:
            if policy is None:
                return super()._new_conn()
            host, seconds = self._dns_host, self.timeout
            failure: HTTPError = NewConnectionError(self, "no address")
            addresses = _addresses(self, policy)
            deadline = time.monotonic() + seconds if isinstance(seconds, int | float) else None
            try:
                for number, address in enumerate(addresses):
                    self._dns_host = address
                    if deadline is not None:
                        # An address that does not answer leaves time for those after it.
                        left = deadline - time.monotonic()
                        self.timeout = max(left, _LEAST_SECONDS) / (len(addresses) - number)
                    try:
                        return super()._new_conn()
                    except HTTPError as error:
                        failure = error
            finally:
                self._dns_host, self.timeout = host, seconds
            raise failure

    class SecureConnection(HTTPSConnection, PlainConnection):
        """The same below TLS."""

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = cast("Any", PlainConnection)

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = cast("Any", SecureConnection)

        def _validate_conn(self, conn: Any) -> None:
            # Without the original's warning: who switches the check off has said so in an object.
            if conn.is_closed:
                conn.connect()

    return PlainPool, SecurePool


def pool_classes(policy: AddressPolicy | None) -> PoolClasses:
    """What a urllib3 PoolManager makes its pools of, by scheme.

    Args:
        policy: which addresses may be connected to; None for all.
    """
    plain, secure = _made(policy)
    return {"http": plain, "https": secure}


def _addresses(connection: HTTPConnection, policy: AddressPolicy) -> tuple[str, ...]:
    try:
        return policy.reachable(connection.host, connection.port)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
