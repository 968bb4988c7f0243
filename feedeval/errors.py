"""Every error that feedeval raises, in one tree.

The tree is drawn by what has to happen next, so that the runner decides by class and never by the words of a message:

    FeedevalError
    ├── InputError (also ValueError)     a value that a person gave; names the value and the range
    │   └── FeedError                    the source is not a feed that can be read
    ├── SessionError                     the files of a session
    │   ├── SessionNotFound
    │   ├── SessionLocked                another process or kernel is writing it
    │   ├── SessionDamaged
    │   └── SchemaTooNew                 written by a later version of feedeval
    ├── RecordError                      this record cannot be done, others can: a `Failure` row
    │   ├── RequestRejected              400, 413, 422: the endpoint will not take this request
    │   ├── ContentFiltered
    │   ├── ModelRefused                 the model declined to answer
    │   ├── ReplyTruncated               cut off at the token limit
    │   └── ReplyInvalid                 of the wrong shape, twice
    ├── Unreadable                       a row of a labels file that cannot be used: a `Failure` row, counted apart
    │   ├── BadLabel                     columns are missing, or what a person said is not among the classes
    │   └── BadImage                     missing, broken, too large, or a path that climbs out of the folder
    ├── TransientError                   tried again after a while; a `Failure` row when tries run out
    │   ├── RateLimited                  429 by rate, with `retry_after_s` where the endpoint said so
    │   ├── NoCapacity                   a flex call was refused for want of capacity
    │   ├── ServerFault                  5xx, 409
    │   ├── TimedOut                     408 or no reply in time
    │   └── BrokenReply                  a body that was cut off or is not JSON
    ├── ConnectionLost                   no network: the run pauses, probes and goes on by itself
    └── RunFault                         no retry will mend it: the run pauses until a person does
        ├── WrongKey                     401
        ├── AccessDenied                 403
        ├── UnknownModel                 404
        ├── SettingRefused               400 for a setting that a person made
        ├── QuotaExhausted               429 with the code `insufficient_quota`
        ├── BudgetReached
        ├── StorageError                 disk full, folder gone or unwritable
        └── WaitedTooLong                a blocking call waited longer than it was told to

Warnings, which stop nothing: `RunWarning` here, and `FeedWarning` beside the reader.
"""

from __future__ import annotations

import sys
import warnings
from contextvars import ContextVar
from typing import Any, NamedTuple


class FeedevalError(Exception):
    """Base of every error that feedeval raises on purpose."""


class InputError(FeedevalError, ValueError):
    """A value that a person gave cannot be used; the message names the value and what is accepted."""


class FeedError(InputError):
    """The source is not a product feed that can be read; the message says what was found and what is read."""


class SessionError(FeedevalError):
    """The files of a session cannot be used as they are."""


class SessionNotFound(SessionError):
    """No such session in the output folder."""


class SessionLocked(SessionError):
    """Another process or kernel is writing this session.

    Attributes:
        session: The session's name.
    """

    def __init__(self, message: str, session: str = "") -> None:
        super().__init__(message)
        self.session = session


class SessionDamaged(SessionError):
    """A file of the session is not what it should be."""


class SchemaTooNew(SessionError):
    """The file was written by a later version of feedeval."""


class RecordError(FeedevalError):
    """This record cannot be done; it becomes a failure row and stops nothing."""


class RequestRejected(RecordError):
    """The endpoint will not take this request (HTTP 400, 413, 422)."""


class ContentFiltered(RecordError):
    """The endpoint's content filter stopped the request or the reply."""


class ModelRefused(RecordError):
    """The model declined to answer."""


class ReplyTruncated(RecordError):
    """The reply was cut off at the token limit."""


class ReplyInvalid(RecordError):
    """The reply did not fit the schema, nor did the second one."""


class Unreadable(FeedevalError):
    """A row of a labels file cannot be used; it becomes a failure row of its own, and nobody is asked about it.

    Not a `RecordError`: a second row with the same image has its own line to tell of.

    Attributes:
        line: Line of the file, from 1; None where it is not known.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class BadLabel(Unreadable):
    """Columns are missing, or what a person said is empty or not among the classes."""


class BadImage(Unreadable):
    """The image is missing, broken, too large, or its path climbs out of the folder."""


UNREADABLE = frozenset(kind.__name__ for kind in (Unreadable, BadLabel, BadImage))
"""Their names, as failures carry them."""


class TransientError(FeedevalError):
    """A fault that may pass: tried again, and a failure row when the tries run out."""


class RateLimited(TransientError):
    """The endpoint asks for fewer requests or tokens (HTTP 429 by rate).

    Attributes:
        retry_after_s: Seconds the endpoint asked to wait, or None where it did not say.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class NoCapacity(TransientError):
    """The endpoint has no capacity left at the flex tier; nothing was billed, and its limits are not reached.

    Attributes:
        retry_after_s: Seconds the endpoint asked to wait, or None where it did not say.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ServerFault(TransientError):
    """The endpoint failed (HTTP 5xx, 409).

    Attributes:
        retry_after_s: Seconds the endpoint asked to wait, or None where it did not say.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TimedOut(TransientError):
    """No reply in time."""


class BrokenReply(TransientError):
    """The body of the reply was cut off or is not JSON."""


class ConnectionLost(FeedevalError):
    """The endpoint cannot be reached; the run pauses, probes and goes on by itself."""


class RunFault(FeedevalError):
    """A fault of the whole run that no retry will mend; the run pauses until a person mends it."""


class WrongKey(RunFault):
    """The endpoint does not accept the API key (HTTP 401)."""


class AccessDenied(RunFault):
    """The key may not use this model or endpoint (HTTP 403)."""


class UnknownModel(RunFault):
    """The endpoint does not know the model or the path (HTTP 404)."""


class SettingRefused(RunFault):
    """The endpoint does not take a setting that a person made, such as `seed`; it is not dropped in silence."""


class QuotaExhausted(RunFault):
    """No quota is left on the account (HTTP 429 with code `insufficient_quota`)."""


class BudgetReached(RunFault):
    """The next call could overrun `budget_usd`."""


class StorageError(RunFault):
    """The output folder cannot be written: disk full, folder gone or read-only."""


class WaitedTooLong(RunFault):
    """A blocking call has waited for `give_up_after_s` for something that is no reply; what is done is saved."""


class RunWarning(UserWarning):
    """A run waits for something that is no reply: room on the disk, memory, the network, the end of a long cooldown."""


class Place(NamedTuple):
    """A line of somebody's code."""

    file: str
    line: int
    module: str
    registry: dict[Any, Any] | None
    """What was warned of there before."""


CALLED_FROM: ContextVar[Place | None] = ContextVar("feedeval_called_from", default=None)
"""The line that set going what now goes on on a thread of its own."""


def calling_place() -> Place:
    """Return the line of the caller's own code."""
    frame = sys._getframe(1)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith("feedeval."):
        frame = frame.f_back
    names = frame.f_globals
    registry = names.setdefault("__warningregistry__", {})
    return Place(frame.f_code.co_filename, frame.f_lineno, str(names.get("__name__", "")), registry)


def warn_caller(message: str, category: type[Warning], *, again: bool = False) -> None:
    """Warn as the line of the caller's own code, also from a thread that this line set going.

    Args:
        message: What to say.
        category: Of the warning.
        again: Say it although it was said of that line before.
    """
    place = CALLED_FROM.get() or calling_place()
    warnings.warn_explicit(message, category, place.file, place.line, place.module, None if again else place.registry)
