"""Checks of addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from feedeval.feed.checks.findings import Issue, Setting, quoted
from feedeval.feed.rules import AttributeRule, Kind

_SUFFIX = re.compile(r"\.([A-Za-z0-9]{2,5})$")
# Kinds of file that no destination shows as a picture. A suffix that is not known may be part of a name ("v1.0") or of
# a script that answers with a picture (".php"), so it says nothing.
_NO_PICTURES = frozenset(
    (
        "svg",
        "svgz",
        "avif",
        "heic",
        "heif",
        "jxl",
        "jp2",
        "ico",
        "psd",
        "ai",
        "eps",
        "pdf",
        "mp4",
        "webm",
        "mov",
        "avi",
        "doc",
        "docx",
        "zip",
        "txt",
    )
)
_USUAL = re.compile(r"https?://(?:[a-z0-9-]{1,63}\.)+[a-z]{2,20}(?:[/?#]\S*)?", re.IGNORECASE)
_SPACE = re.compile(r"\s")
_SEVERAL = re.compile(r"\s*[,|]\s*(?=https?://)", re.IGNORECASE)


def addresses(value: str) -> list[str]:
    """Return the addresses of a cell that may hold several, separated by commas or bars."""
    return [part for part in _SEVERAL.split(value) if part] if "://" in value[8:] else [value]


def url(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report what is no complete http(s) address."""
    problem = _problem(value)
    if problem:
        yield Issue("url_invalid", f"{quoted(value)} {problem}", value)


def _problem(value: str) -> str:
    if _USUAL.fullmatch(value):
        return ""
    if _SPACE.search(value):
        return "holds a space"
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        return "is not an address"
    if not parts.scheme or not value.lower().startswith(f"{parts.scheme}://"):
        return "is not complete: it does not start with https://"
    if parts.scheme not in {"http", "https"}:
        return f"starts with {parts.scheme}:// instead of https://"
    return "" if "." in host.strip(".") or ":" in host else "names no host that could be reached"


def ascii_url(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report an address with letters beyond ASCII, beside what `url` reports."""
    yield from url(value, rule, setting)
    if not value.isascii():
        letter = next(character for character in value if not character.isascii())
        yield Issue("url_not_ascii", f"{quoted(value)} holds {quoted(letter)}, which is not ASCII", value)


def file_url(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report an address whose path ends in a suffix that is not among those of the rule, beside what `url` reports."""
    yield from url(value, rule, setting)
    suffix = _suffix(value)
    if suffix and suffix not in rule.values:
        yield Issue("file_type", f".{suffix} is not one of {', '.join(rule.values)}", value)


def image(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report an address of a kind of file that is not shown as a picture, beside what `ascii_url` reports."""
    yield from ascii_url(value, rule, setting)
    suffix = _suffix(value)
    if suffix in _NO_PICTURES and rule.kind is Kind.IMAGE:
        yield Issue("image_type", f".{suffix} is not a kind of picture that is shown", value)


def _suffix(value: str) -> str:
    path = value.partition("#")[0].partition("?")[0]
    found = _SUFFIX.search(path.partition("://")[2].partition("/")[2])
    return found[1].lower() if found else ""
