"""Checks of texts: what a buyer would stumble over in a title or a description."""

from __future__ import annotations

import re
from collections.abc import Iterator
from unicodedata import east_asian_width

from feedeval.feed.checks.findings import Issue, Setting, quoted, shorten
from feedeval.feed.rules import AttributeRule
from feedeval.feed.word_lists import find_phrase, phrases
from feedeval.formatting import counted

_TITLES = frozenset({"title", "structured_title.content"})
_MIN_CHARS = {"title": 20, "description": 60, "structured_title.content": 20, "structured_description.content": 60}
"""Shortest title and description that tell a buyer enough."""
_TAG = re.compile(
    r"</?(?:a|abbr|article|b|big|blockquote|br|button|center|code|col|dd|del|div|dl|dt|em|figure|font|footer|form|h[1-6]"
    r"|head|header|hr|html|body|i|iframe|img|input|ins|li|link|main|meta|nav|ol|p|pre|s|script|section|small|source|span"
    r"|strike|strong|style|sub|sup|svg|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|video)(?:\s+[\w:@-]+\s*=[^<>]*)?\s*/?>|<!--",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|[lr]dquo|[lr]squo|[nm]dash|hellip|bull|deg|eacute|[aou]uml|szlig"
                     r"|#[0-9]{2,6}|#[xX][0-9a-fA-F]{2,5});")  # fmt: skip
# UTF-8 that was read as windows-1252 or windows-1251, and the sign for bytes that could not be read at all.
_BROKEN = re.compile(
    "\ufffd|Ã[\u0080-\u00bf€‚„…‡ˆ‰‹Œ‘’“”•–—˜™š›œžŸƒ]|Â[\u0080-\u00bf]|â€[\u0080-\u00bf‘’“”•–—˜™š›œžŸ¦]|Ð[\u0080-\u00bf]|Р[°єµЅѕ]"
)
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff\U0001f300-\U0001f64f\U0001f680-\U0001f6ff\U0001f7e0-\U0001f7eb\U0001f900-\U0001faff"
    "\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u2b50\u2b55\u26a1\u26bd\u26be]"
    "|[\u2600-\u27bf]\ufe0f"
)
# Not beside digits, hyphens and dots, where numbers of parts and models have their capitals.
_LONG_WORD = re.compile(r"(?<![\w.-])[^\W\d_]{4,}(?![\w-]|\.\w)")


def too_short(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report a title or a description that says too little; wide characters (CJK) count double."""
    least = _MIN_CHARS[rule.attribute]
    if len(value) >= least and "<" not in value[:200]:
        return
    text = _TAG.sub("", value).strip() if "<" in value else value
    if len(text) + sum(east_asian_width(character) in "WF" for character in text) < least:
        yield Issue(
            f"{'title' if rule.attribute in _TITLES else 'description'}_too_short",
            f"has {counted(len(text), 'character')}; at least {least} are useful",
            value,
        )


def html(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report HTML tags that were left in a text."""
    found = _TAG.search(value) if "<" in value else None
    if found:
        yield Issue("html", f"holds HTML such as {quoted(found[0])}", value[found.start() :])


def double_escaped(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report entities that are still in a value although the container was decoded."""
    found = _ENTITY.search(value) if "&" in value else None
    if found:
        yield Issue("double_escaped", f"shows {found[0]} to the buyer", value[max(found.start() - 20, 0) :])


def broken_characters(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report characters that went through a wrong encoding."""
    found = None if value.isascii() else _BROKEN.search(value)
    if found:
        excerpt = value[max(found.start() - 20, 0) :]
        yield Issue("broken_characters", f"{quoted(excerpt[:40])} went through a wrong encoding", excerpt)


def placeholder(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report a value that only fills a place."""
    if len(value) < 20 and value.casefold() in phrases("placeholder", ""):
        yield Issue("placeholder", f"{quoted(value)} stands for no value", value)


def emoji(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report pictographs."""
    found = None if value.isascii() else _EMOJI.search(value)
    if found:
        yield Issue("emoji", f"holds {shorten(found[0])}", value)


def promotion(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report offers in a text; words that have other uses count in titles only, and in the feed's own language."""
    folded = value.casefold()
    found = find_phrase(folded, "promotion", setting.language)
    if not found and rule.attribute in _TITLES and not find_phrase(folded, "harmless", setting.language):
        found = find_phrase(folded, "promotion_title", setting.language)
    if found:
        at = folded.find(found) if len(folded) == len(value) else 0
        yield Issue("promotion", f"advertises: {quoted(found)}", value[max(at - 40, 0) :])


def capitals(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report a text that is written in capitals for the most part.

    Words of four letters and more count. In a title there have to be four of them, as many brands and names of models
    are written in capitals; a description needs eight.
    """
    beginning, least = value[:1000], 4 if rule.attribute in _TITLES else 8
    # Nearly every text ends here, and counting words is much quicker than finding them.
    if sum(map(str.isupper, beginning.split())) < least:
        return
    words = _LONG_WORD.findall(beginning)
    loud = sum(map(str.isupper, words))
    if loud >= least and loud > 0.6 * len(words):
        yield Issue("capitals", f"{loud} of {len(words)} words are in capitals", value)


def cut_off(value: str, rule: AttributeRule, setting: Setting) -> Iterator[Issue]:
    """Report a text that ends in the middle of a sentence."""
    if len(value) < 40:
        return
    end = value[-60:]
    if end.endswith(("...", "…")) and end.rstrip(".… ")[-1:].isalnum():
        yield Issue("cut_off", f"ends with dots: {quoted(end)}", end)
    elif end.endswith((",", " -", " –", "(", "&")):
        yield Issue("cut_off", f"breaks off: {quoted(end)}", end)
    elif end.rpartition(" ")[2] in phrases("dangling", setting.language) - phrases("dangling", ""):
        yield Issue("cut_off", f"ends in the middle of a sentence: {quoted(end)}", end)
