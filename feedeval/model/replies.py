"""What a reply says, as the record that was asked for."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from feedeval.errors import ContentFiltered, ModelRefused, ReplyTruncated
from feedeval.model.wire import REFUSAL, json_in
from feedeval.records import Call

T = TypeVar("T", bound=BaseModel)


def read_record(call: Call, schema: type[T]) -> tuple[T | None, str]:
    """Return the reply as a record, or None and what is wrong with it.

    Raises:
        RecordError: Asking again would not help: cut off, filtered, refused.
    """
    if call.finish_reason == "length":
        raise ReplyTruncated(
            f"The reply was cut off after {call.usage.output_tokens} tokens: raise `max_output_tokens` or ask for less."
        )
    if call.finish_reason == "content_filter":
        raise ContentFiltered("The endpoint's content filter stopped the reply.")
    if call.finish_reason == REFUSAL:
        raise ModelRefused(f"The model declined to answer: {call.text[:200]}")
    try:
        return schema.model_validate_json(call.text), ""
    except ValidationError as exc:
        first = exc
    inner = json_in(call.text)
    if inner != call.text:
        try:
            return schema.model_validate_json(inner), ""
        except ValidationError as exc:
            first = exc
    found = first.errors(include_url=False, include_input=False, include_context=False)
    return None, "; ".join(f"{'.'.join(map(str, error['loc'])) or 'reply'}: {error['msg']}" for error in found[:5])
