from __future__ import annotations

import pytest

from feedeval.jobs.evidence import is_quoted, quote_spans

CONTEXT = """title: Trail bottle “Fjell” – 0.75 l
material: 18/8 stainless steel, BPA-free lid
description: Keeps drinks cold for 24 hours; fits most cup holders. Weighs 1.5 kg… not really: 310 g.
size: M
note: 電圧は100Vです。"""


@pytest.mark.parametrize(
    "quote",
    [
        "18/8 stainless steel",
        "18/8 STAINLESS  steel,",
        'Trail bottle "Fjell" - 0.75 l',
        "material: 18/8 stainless steel",
        "cold for 24 hours; fits most cup holders",
        "Keeps drinks cold … fits most cup holders",
        "Keeps drinks cold ... 310 g",
        "310g",
        "M",
        "100V",
        "電圧は100V",
        "ｓｔａｉｎｌｅｓｓ",
    ],
)
def test_a_quote_is_found_whatever_its_case_space_and_punctuation(quote: str) -> None:
    assert is_quoted(quote, CONTEXT)


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "…",
        '"—"',
        "stainless aluminium",
        "steel stainless",
        "15 kg",
        "5 kg",
        "0.7",
        "stain",
        "Keeps drinks hot … fits most cup holders",
        "dishwasher safe",
        "電源",
    ],
)
def test_words_that_are_not_in_the_context_are_no_quote(quote: str) -> None:
    assert not is_quoted(quote, CONTEXT)


@pytest.mark.parametrize(
    ("quote", "text", "marked"),
    [
        ("250 G", "weighs 250\u00a0g, or 1250 g", ["250\u00a0g"]),
        ("red … blue", "a red, green and blue mug", ["red", "blue"]),
        ("Red mug", "red mug; RED-MUG", ["red mug", "RED-MUG"]),
        ("ﬁne cafe\u0301", "a fine café", ["fine café"]),
        ("fine café", "a ﬁne cafe\u0301!", ["ﬁne cafe\u0301"]),
        ("Straße", "in der STRASSE", ["STRASSE"]),
        ("防水", "完全防水です", ["防水"]),
        ("blue", "bluetooth", []),
        ("", "anything", []),
        ("… ;", "anything", []),
        ("red … purple", "a red mug", []),
    ],
)
def test_a_quote_is_found_where_it_stands(quote: str, text: str, marked: list[str]) -> None:
    assert [text[start:end] for start, end in quote_spans(quote, text)] == marked
    assert is_quoted(quote, text) is bool(marked)
