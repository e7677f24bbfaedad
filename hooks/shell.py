"""One POST: let in, decode, hand to the handler, turn whatever happens into an answer."""

import time
from dataclasses import dataclass
from enum import StrEnum

import structlog
from flask import Response, request

from burgee.adapters.deeds import Deed, Ended, Note
from burgee.adapters.memo import fingerprint_of
from burgee.api.manifest import name_of, namespace_of
from burgee.errors import BadRequest, BurgeeError, ClusterError, InvalidAnswer, Stale
from hooks.auth import Gate
from hooks.context import Call, Handler, HookContext, HookRequest, Shortcut
from hooks.envelope_check import parse_envelope

_JSON = "application/json"

log = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """How a call ended, as the label of the meters."""

    OK = "ok"
    UNAUTHORIZED = "unauthorized"
    TOO_LARGE = "too_large"
    BAD_REQUEST = "bad_request"
    STALE = "stale"
    CLUSTER_ERROR = "cluster_error"
    INVALID_ANSWER = "invalid_answer"
    ERROR = "error"


class _TooLarge(BadRequest):
    """The body is over the limit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shell:
    """Everything around one hook's handler.

    Attributes:
        shortcut: is asked first, None where the hook has none.
    """

    hook: str
    handler: Handler
    shortcut: Shortcut | None = None
    context: HookContext
    gate: Gate

    def serve(self) -> Response:
        """Answer the current request."""
        started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        meters, tracing = self.context.meters, self.context.tracing
        trace = tracing.begin(self.hook) if tracing else None
        call = Call(note=_both(meters.note, trace.note) if trace else meters.note)
        outcome, response = self._answer(call)
        meters.observe(hook=self.hook, outcome=outcome, seconds=time.perf_counter() - started)
        if trace and outcome is not Outcome.UNAUTHORIZED:
            trace.end(_ended(call, outcome, response))
        return response

    def _answer(self, call: Call) -> tuple[Outcome, Response]:
        try:
            if not self.gate.admits(request.headers.get("Authorization")):
                log.warning("unauthorized", hook=self.hook)
                return Outcome.UNAUTHORIZED, _text(401, "a valid bearer token is required")
            raw = _raw_body()
            fingerprint = fingerprint_of(raw)
            answer = self.shortcut(fingerprint, call, self.context) if self.shortcut else None
            if answer is None:
                body = parse_envelope(raw, hook=self.hook)
                call.about(body["parent"])
                asked = HookRequest(body=body, fingerprint=fingerprint, call=call)
                answer = self.handler(asked, self.context)
        except Exception as error:
            return self._failure(error)
        log.debug("answered", hook=self.hook, bytes=len(answer))
        return Outcome.OK, Response(answer, 200, content_type=_JSON)

    def _failure(self, error: Exception) -> tuple[Outcome, Response]:
        said = str(error) if isinstance(error, BurgeeError) else ""
        text = f"{type(error).__name__}: {said}" if said else type(error).__name__
        match error:
            case _TooLarge():
                outcome, response = Outcome.TOO_LARGE, _text(413, said)
            case BadRequest():
                outcome, response = Outcome.BAD_REQUEST, _text(400, said)
            case Stale():
                outcome, response = Outcome.STALE, _text(429, text)
                response.headers["Retry-After"] = "1"
            case ClusterError():
                outcome, response = Outcome.CLUSTER_ERROR, _text(500, text)
            case InvalidAnswer():
                outcome, response = Outcome.INVALID_ANSWER, _text(500, text)
            case _:
                outcome, response = Outcome.ERROR, _text(500, text)
        if outcome is Outcome.STALE:
            log.info("stale", hook=self.hook, reason=said)
        elif outcome in {Outcome.ERROR, Outcome.INVALID_ANSWER}:
            log.error("failed", hook=self.hook, reason=text, exc_info=error)
        else:
            log.warning("refused", hook=self.hook, outcome=outcome.value, reason=text)
        return outcome, response


def _both(first: Note, second: Note) -> Note:
    def note(deed: Deed) -> None:
        first(deed)
        second(deed)

    return note


def _ended(call: Call, outcome: Outcome, response: Response) -> Ended:
    about = call.canary
    return Ended(
        outcome=outcome.value,
        well=outcome in {Outcome.OK, Outcome.STALE},
        code=response.status_code,
        canary=None if about is None else (namespace_of(about), name_of(about)),
        phase=call.phase,
    )


def _raw_body() -> bytes:
    if request.mimetype != _JSON:
        raise BadRequest("the content type is not application/json")
    try:
        return request.get_data(cache=False)
    except Exception as error:
        # Werkzeug's own errors carry the code that they stand for.
        if getattr(error, "code", None) == 413:
            raise _TooLarge("the body is too large (BURGEE_MAX_BODY_BYTES)") from None
        raise BadRequest("the body could not be read") from None


def _text(code: int, text: str) -> Response:
    return Response(f"{text}\n", code, mimetype="text/plain")
