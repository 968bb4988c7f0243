"""Checks for characters that nobody sees: they keep words from being found, and make two ids of what looks like one.

What a script needs stays unreported: joiners in Persian, Arabic, Indic and emoji, marks of direction beside letters
that run from right to left, spaces without width in Thai or Khmer, variation selectors behind a sign that has variants.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from feedeval.feed.checks.findings import Issue, Setting, quoted
from feedeval.feed.rules import AttributeRule, Kind

_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
_WIDTHLESS = "\u00ad\u034f\u180e\u200b-\u200f\u061c\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffc"
_FILLERS = "\u115f\u1160\u3164\uffa0\u2800"
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_UNASSIGNED = "\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f\U000f0000-\U0010ffff"
_SUSPECT = re.compile(f"[{_CONTROLS}{_WIDTHLESS}{_FILLERS}{_SELECTORS}{_UNASSIGNED}]")
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,8}\U000e007f")
"""The flag of a region, such as Scotland's, is spelled with tag characters."""
_JOINING = re.compile(
    "[\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\u1b00-\u1b7f\ua840-\ua95f\ua980-\uaaff"
    "\ufb50-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010a00-\U00011fff\U0001e900-\U0001e95f]"
)
"""Scripts whose letters are joined or kept apart by joiners."""
_PICTURE = re.compile("[\u00a9\u00ae\u203c-\u3299\ufe0f\U0001f000-\U0001faff]")
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_UNSPACED = re.compile("[\u0e00-\u109f\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\ua9e0-\ua9ff\uaa60-\uaadf]")
"""Scripts that put no space between words: one without width says where a line may break."""
_MARKS_OF_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069")
_MISREAD = frozenset("ÂÃâ€ÐÑ")
"""Letters before a control character that tell of a wrong encoding, which is another finding."""
_CODES = frozenset({"id", "item_id", "offer_id", "mpn", "sku", "item_group_id", "group_id", "store_code"})
_KEYS = frozenset("0123456789#*")
_SHOWN_KINDS = 3
_SHOWN_BEFORE = 12
_OTHER_NAMES = {"Cc": "control character", "Co": "private use character", "Cs": "half of a surrogate pair"}
_NAMES = {"\ufeff": "byte order mark", "\u115f": "Hangul filler", "\u1160": "Hangul filler"}


def invisible(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report characters that show nothing, or that only the shop's own font shows; names them and where they are."""
    if (value.isascii() and value.isprintable()) or _SUSPECT.search(value) is None:
        return
    allowed = {at for match in _FLAG.finditer(value) for at in range(*match.span())}
    places: dict[str, list[int]] = {}
    for match in _SUSPECT.finditer(value):
        if match.start() not in allowed and not _needed(value, match.start()):
            places.setdefault(match[0], []).append(match.start())
    if places:
        said = [_said(value, character, found) for character, found in list(places.items())[:_SHOWN_KINDS]]
        more = f" and {len(places) - _SHOWN_KINDS} more kinds" if len(places) > _SHOWN_KINDS else ""
        first = min(found[0] for found in places.values())
        end = (
            ""
            if rule.kind in (Kind.TEXT, Kind.MARKUP) and rule.attribute not in _CODES
            else "; it is not the value that it looks like"
        )
        yield Issue("invisible_characters", f"holds {', '.join(said)}{more}{end}", value[max(first - 20, 0) :])


def _needed(value: str, at: int) -> bool:
    """Tell whether the writing around a character needs it."""
    character, before, after = value[at], value[at - 1 : at], value[at + 1 : at + 2]
    if character in "\u200c\u200d":
        joins = _JOINING.match(before) or _JOINING.match(after)
        return bool(joins or (character == "\u200d" and _PICTURE.match(before) and _PICTURE.match(after)))
    if "\x80" <= character <= "\x9f":
        return before in _MISREAD
    if character in _MARKS_OF_DIRECTION:
        return _RIGHT_TO_LEFT.search(value) is not None
    if character == "\u200b":
        return bool(_UNSPACED.match(before) or _UNSPACED.match(after))
    if character == "\u034f":
        return bool(_RIGHT_TO_LEFT.match(before))
    if character in "\u115f\u1160":
        return "\u1100" <= before <= "\u115f" or "\u1160" <= after <= "\u11ff"
    if character == "\u2800":
        return any("\u2801" <= other <= "\u28ff" for other in value)
    if "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return _has_variants(before, after)
    return False


def _has_variants(before: str, after: str) -> bool:
    """Tell whether a variation selector stands behind something that has variants: a sign, an emoji, an ideograph."""
    if not before or before in _KEYS:
        return bool(before) and after == "\u20e3"
    kind = unicodedata.category(before)
    return kind[0] in "SP" or kind == "Lo" or before == "\u2139"


def _said(value: str, character: str, places: list[int]) -> str:
    before = value[max(places[0] - 4 * _SHOWN_BEFORE, 0) : places[0]]
    word = _SUSPECT.sub("", before).rstrip()[-_SHOWN_BEFORE:].rpartition(" ")[2]
    where = f"after {quoted(word)}" if word else "at the beginning"
    count = f" ({len(places):,} times)" if len(places) > 1 else ""
    return f"U+{ord(character):04X} {_name(character)} {where}{count}"


def _name(character: str) -> str:
    kind = _OTHER_NAMES.get(unicodedata.category(character), "noncharacter")
    return _NAMES.get(character) or unicodedata.name(character, kind).lower()
