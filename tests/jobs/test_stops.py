import json
import re

import pytest

from feedeval.jobs.offline.stops import _STOPS, is_japanese, sentence_end
from tests.benchmarks.judge_agreement import LABELLED

TEXTS = [
    'It says "soft." Then more. And (again)! «Oui.» ¿No? 1.5 l',
    "one\r\n\n two\n • three•four ; five;six ;  seven\t| eight",
    "wide。stops！and more? Yes",
    "\n. \n\n.\t \n x.  \n• y…\u00a0Z.\u2003\u201eQ\u201c. \u201d.  A",
    ". ;\n;  • ; |\n.\n",
    "",
]


def test_the_faster_expression_finds_the_same_ends() -> None:
    lines = (LABELLED / "products_dev.jsonl").read_text(encoding="utf-8").splitlines()
    told = [str(text) for line in lines for text in json.loads(line)["fields"].values()]
    general = re.compile(_STOPS)
    looked_at = [text for text in [*TEXTS, *told] if not is_japanese(sentence_end(text))]
    assert len(looked_at) > 100
    for text in looked_at:
        assert [m.span() for m in sentence_end(text).finditer(text)] == [m.span() for m in general.finditer(text)]


@pytest.mark.parametrize(
    ("text", "japanese"), [("素材は綿です。", True), ("100 % cotton.", False), ("Größe 5。", False)]
)
def test_japanese_is_told_by_its_letters(text: str, japanese: bool) -> None:
    assert is_japanese(sentence_end(text)) is japanese
