"""Comparisons of what is no price: availability, condition, identifiers, brand, variant, group, image and address."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from feedeval.feed.pages.amounts import own_part, phrases
from feedeval.feed.pages.matching import Match, code, digits, place, texts, words
from feedeval.feed.pages.page import Page
from feedeval.feed.pages.said import Contradiction, Said
from feedeval.feed.parsing.understood import SCHEMA_AVAILABILITY, understood

_STATES = ("in_stock", "out_of_stock", "preorder", "backorder")
_CONDITIONS = ("new", "refurbished", "used")
_SHOWN_CHARS = 200
_SIZED = re.compile(
    r"(?:[_-](?:\d{2,4}x\d{0,4}|x\d{2,4}|\d{2,4}w|large|medium|small|thumb|thumbnail|default|home_default|grande|zoom|"
    r"scaled|compact|master|pico|icon)|@\dx|\.\d{2,4}\.\d{2,4})+$",
    re.IGNORECASE,
)
_MOST_SEARCHED = 40


Comparison = Callable[[Mapping[str, Any], Match | None, Page, Said], Iterator[Contradiction]]


def availability(product: Mapping[str, Any], match: Match | None, page: Page, said: Said) -> Iterator[Contradiction]:
    """Compare whether it can be had. Text alone counts where one line says it."""
    ours, stated = _state(product.get("availability"))
    if not ours:
        return
    theirs, data = _state(match.fields.get("availability") if match is not None else None)
    lines = _state_lines(page)
    every = [line for found in lines.values() for line in found]
    shown = " | ".join(dict.fromkeys(every))
    # Several such lines are those of sizes or colours.
    if not theirs and len(every) == 1 and (match is None or match.several == 1):
        theirs = next(iter(lines))
        message = f"the feed says {ours}, a buyer reads “{shown}”"
    else:
        message = f"the feed says {ours}, the page's data {theirs}"
    if not theirs:
        said.open("availability")
        return
    said.compared("availability")
    if ours != theirs:
        yield Contradiction("availability", "page_availability_differs", message, (stated, data, shown))


def _state(value: object) -> tuple[str, str]:
    """Return what an availability means, and the words for it."""
    stated = next(iter(texts(value)), "")
    known = SCHEMA_AVAILABILITY.get(re.sub(r"[\s_-]", "", stated.casefold())) or understood("availability", stated)
    return (known if known in _STATES else ""), stated


def _state_lines(page: Page) -> dict[str, list[str]]:
    """Return the lines of a page that are nothing but a word on availability, by what they mean."""
    found: dict[str, list[str]] = {}
    for line in own_part(page.text).split("\n"):
        if len(line) > _MOST_SEARCHED:
            continue
        said = _unlabelled(line.casefold().strip(" .!:✓✔●•-–"))
        for state in _STATES:
            if said in phrases(state):
                found.setdefault(state, []).append(line)
    return found


def _unlabelled(line: str) -> str:
    """Return what a line says behind a label: *availability: in stock*."""
    label, colon, said = line.partition(":")
    return said.strip() if colon and label.strip() in phrases("stock_label") else line


def condition(product: Mapping[str, Any], match: Match | None, page: Page, said: Said) -> Iterator[Contradiction]:
    """Compare the condition; a feed that says none means new, as Google has it."""
    data = next(iter(texts(match.fields.get("condition"))), "") if match is not None else ""
    stated = next(iter(texts(product.get("condition"))), "")
    ours = understood("condition", stated) or re.sub(r"[\s_-]?condition$", "", stated.casefold().strip()) or "new"
    if data not in _CONDITIONS or ours not in _CONDITIONS:
        if stated:
            said.open("condition")
        return
    said.compared("condition")
    if ours != data:
        says = f"says {ours}" if stated else "says nothing, which means new"
        message = f"the feed {says}, the page's data {data}"
        yield Contradiction("condition", "page_condition_differs", message, (stated, data, line_with(page, data)))


def gtin(product: Mapping[str, Any], match: Match | None, page: Page, said: Said) -> Iterator[Contradiction]:
    """Compare the barcode's number, however many digits it is written with."""
    ours = {digits(one): one for one in texts(product.get("gtin")) if digits(one)}
    theirs = {digits(one): one for one in texts(match.fields.get("gtin")) if digits(one)} if match is not None else {}
    if not ours:
        return
    if not theirs:
        said.open("gtin")
        return
    said.compared("gtin")
    if not ours.keys() & theirs.keys():
        feed, data = ", ".join(ours.values()), ", ".join(theirs.values())
        shown = line_with(page, *ours.values(), *theirs.values())
        message = f"the feed says {feed}, the page's data {data}"
        yield Contradiction("gtin", "page_gtin_differs", message, (feed, data, shown))


def brand(product: Mapping[str, Any], match: Match | None, page: Page, said: Said) -> Iterator[Contradiction]:
    """Compare the brand; one name inside the other is the same brand."""
    ours = next(iter(texts(product.get("brand"))), "")
    theirs = next(iter(texts(match.fields.get("brand"))), "") if match is not None else ""
    if not ours:
        return
    if not theirs:
        said.open("brand")
        return
    said.compared("brand")
    one, other = code(ours), code(theirs)
    if one and other and one not in other and other not in one:
        message = f"the feed says {ours[:60]}, the page's data {theirs[:60]}"
        yield Contradiction("brand", "page_brand_differs", message, (ours, theirs, line_with(page, ours, theirs)))


def variant(product: Mapping[str, Any], match: Match | None, page: Page, said: Said) -> Iterator[Contradiction]:
    """Report a page that shows another variant, by what variants differ in, where nothing else tells which it is."""
    if match is None or match.is_sure:
        return
    for name in ("color", "size", "mpn"):
        ours, theirs = (next(iter(texts(one.get(name))), "") for one in (product, match.fields))
        if not ours or not theirs:
            continue
        said.compared(name)
        alike = code(ours) == code(theirs) if name == "mpn" else bool(words(ours) & words(theirs))
        if not alike:
            message = f"the feed means {name} {ours[:60]}, the page shows {theirs[:60]}"
            yield Contradiction(name, "page_variant_differs", message, (ours, theirs, line_with(page, ours, theirs)))


def group(product: Mapping[str, Any], match: Match | None, page: Page, said: Said) -> Iterator[Contradiction]:
    """Compare the group of variants; one name inside the other is the same group: `shopify_GB_8001` and `8001`."""
    del page
    ours = next(iter(texts(product.get("item_group_id"))), "")
    theirs = next(iter(texts(match.fields.get("item_group_id"))), "") if match is not None else ""
    if not ours:
        return
    if not theirs or match is None or not match.is_sure:
        said.open("item_group_id")
        return
    said.compared("item_group_id")
    one, other = code(ours), code(theirs)
    if one and other and one not in other and other not in one:
        message = f"the feed says {ours[:60]}, the page's data calls its group {theirs[:60]}"
        yield Contradiction("item_group_id", "page_group_differs", message, (ours, theirs, ""))


def image(product: Mapping[str, Any], match: Match | None, page: Page, said: Said) -> Iterator[Contradiction]:
    """Report a picture of the feed that is none of its page, by the names of their files."""
    ours = next(iter(texts(product.get("image_link"))), "")
    if not ours:
        return
    data = []
    if match is not None:
        data = [one for name in ("image_link", "additional_image_link") for one in texts(match.fields.get(name))]
    if not data:
        # Pictures of a page without data are logos as well: they can confirm, and no more.
        said.compared("image_link") if _file(ours) in map(_file, page.pictures) else said.open("image_link")
        return
    said.compared("image_link")
    if _file(ours) not in {_file(one) for one in (*data, *page.pictures)}:
        message = "the picture of the feed is none of those on the page"
        yield Contradiction("image_link", "page_image_differs", message, (ours, data[0], ""))


def _file(address: str) -> str:
    """Return the name of a picture's file without its size and format."""
    path = urllib.parse.unquote(address.partition("?")[0].partition("#")[0]).rstrip("/")
    name = path.rsplit("/", 1)[-1]
    stem = name.rsplit(".", 1)[0] if "." in name else name
    return _SIZED.sub("", stem).casefold() or address


def canonical(product: Mapping[str, Any], match: Match | None, page: Page, said: Said) -> Iterator[Contradiction]:
    """Report a page that names the address of another page as its own."""
    del match
    link = next(iter(texts(product.get("link"))), "")
    stated = next(iter(texts(product.get("canonical_link"))), "")
    if not (link or stated):
        return
    if not page.canonical:
        if stated:
            said.open("canonical_link")
        return
    said.compared("canonical_link")
    theirs = place(page.canonical)
    if stated and place(stated) != theirs:
        message = "the feed and the page name different addresses as the canonical one"
        yield Contradiction("canonical_link", "page_canonical_differs", message, (stated, page.canonical, ""))
    elif not stated and theirs not in (place(link), place(page.final_url)) and not _is_above(theirs, place(link)):
        message = "the page names another address as its canonical one than the one that the feed links to"
        yield Contradiction("link", "page_canonical_differs", message, (link, page.canonical, ""))


def _is_above(theirs: str, link: str) -> bool:
    """Whether a link is that of a variant below the page that is canonical, or the product inside a category."""
    return (theirs.count("/") > 0 and link.startswith(f"{theirs}/")) or (
        theirs.partition("/")[0] == link.partition("/")[0] and theirs.rsplit("/", 1)[-1] == link.rsplit("/", 1)[-1]
    )


def line_with(page: Page, *values: str) -> str:
    """Return the lines of the visible text that say one of the values."""
    found = []
    for value in filter(None, values):
        at = page.text.casefold().find(value.casefold())
        if at >= 0 and len(page.text.casefold()) == len(page.text):
            start, end = page.text.rfind("\n", 0, at) + 1, page.text.find("\n", at)
            found.append(page.text[start : end if end >= 0 else None][:_SHOWN_CHARS])
    return " | ".join(dict.fromkeys(found))


COMPARISONS: tuple[Comparison, ...] = (availability, condition, gtin, brand, variant, group, image, canonical)
