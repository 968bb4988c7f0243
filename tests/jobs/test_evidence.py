from __future__ import annotations

import pytest

from feedeval.jobs.evidence import is_quoted

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
