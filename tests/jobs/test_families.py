"""Products are placed by what they are: words that mean something else beside other words, or in another language."""

from pathlib import Path

import pytest

from feedeval.jobs.offline.bank import load_bank
from feedeval.jobs.offline.families import Families
from feedeval.records import Context, ContextField

FAMILIES = Families(load_bank())
CASES: dict[str, list[list[str]]] = {}
for line in (Path(__file__).parent / "offline_families.txt").read_text(encoding="utf-8").splitlines():
    if line[:1] == "#":
        CASES[line[2:]] = []
    else:
        CASES[next(reversed(CASES))].append(line.split("|"))


def family_of(title: str, **fields: str) -> str:
    named = {"title": title, **fields}
    context = Context(category="", fields=tuple(ContextField(name=n, text=t) for n, t in named.items() if t))
    return FAMILIES.place(context).family.id


@pytest.mark.parametrize("kind", [kind for kind, cases in CASES.items() if cases])
def test_a_title_names_no_other_family_than_the_right_one(kind: str) -> None:
    placed = {title: (family_of(title), right.split()) for title, right in CASES[kind]}
    assert {title: family for title, (family, right) in placed.items() if family not in right} == {}


def test_the_titles_are_many() -> None:
    assert sum(map(len, CASES.values())) > 100


def test_a_japanese_description_names_the_product_by_its_beginning_only() -> None:
    first = "千代の三段重は、ご家族で囲む晴れの日の一品として、専用の自動車で大切にお届けいたします"
    assert family_of("千代", description=first) == "general"
    assert family_of("千代", description="ワイングラスです") == "drinkware"


def test_structured_texts_tell_the_family_where_the_plain_ones_are_absent() -> None:
    assert family_of("", structured_title="Oilskin rain jacket Fjara") == "outerwear"
    assert family_of("Fjara", structured_title="Oilskin rain jacket") == "general"
    assert family_of("", structured_title="Fjara", structured_description="Rain jacket of waxed cotton.") == "outerwear"
