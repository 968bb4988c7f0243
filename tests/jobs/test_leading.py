import re

import pytest

from feedeval.jobs.offline.patterns import _LETTER_FIRST, Pattern, fold

TEXTS = [
    fold(text)
    for text in (
        "",
        "m",
        "Objem 5 l, kapacita: 300 ml; rozměry objemu",
        "a_objem xobjem 1objem -objem\nobjem",
        "er passen hineinpasst, passt er passend",
        "重量500gの重量 USB-C対応 m.2 am.2 m.2",
        "tent tents tented atent _tent",
        "12 l x 3, 112 l x 3, a12 l x 3, 1.5 l",
    )
]
TURNED = [
    r"\b(?:objem\w*|kapacit\w+)\b[^.;]{0,20}\d",
    r"\bm\.2\b",
    r"\b(?:(?:ob|ka)\w+|tent)s?",
    r"\b(?:er )?pa(?:ss|t)en",
    r"(?<!\w)tent(?:s)?(?!\w)",
    r"(?<!\w)(?:重量|usb)\W?\w",
    r"\b\d+ ?l ?x ?\d",
    r"\b\d[.,]\d ?l\b|\bml\b",
]
LEFT = [r"\ba?b", r"objem", r"\b重", r"\b(?:a|\w+)x", r"\ba{2,}", r"\B5", r"(?<![\d.,])3[.,]5"]


@pytest.mark.parametrize("flags", [re.MULTILINE, re.MULTILINE | re.ASCII])
@pytest.mark.parametrize("source", [*TURNED, *LEFT])
def test_a_turned_expression_finds_the_same(source: str, flags: int) -> None:
    before, after = re.compile(source, flags), re.compile(_LETTER_FIRST.turned(source), flags)
    for text in TEXTS:
        assert [m.span() for m in after.finditer(text)] == [m.span() for m in before.finditer(text)]


@pytest.mark.parametrize("source", TURNED)
def test_an_expression_begins_with_letters_where_it_can(source: str) -> None:
    assert not _LETTER_FIRST.turned(source).startswith((r"\b", r"(?<!\w)"))


@pytest.mark.parametrize("source", LEFT)
def test_what_cannot_be_turned_stays_as_it_is(source: str) -> None:
    assert _LETTER_FIRST.turned(source) == source


def test_a_pattern_keeps_what_was_written_and_compiles_what_was_turned() -> None:
    pattern = Pattern(r"\bwaterproof", ("waterproof",))
    assert pattern.source == r"\bwaterproof"
    assert pattern.regex.pattern == r"w(?<!\w.)aterproof"
