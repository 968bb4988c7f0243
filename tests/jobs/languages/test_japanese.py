import re
import tomllib
from pathlib import Path

import pytest

from feedeval.errors import InputError
from feedeval.jobs.offline import bank as bank_module
from feedeval.jobs.offline.bank import load_bank
from feedeval.jobs.offline.patterns import Pattern, fold
from feedeval.jobs.offline.reading import read, sentences
from feedeval.records import Context, ContextField


def pairs(text: str) -> list[tuple[str, str]]:
    context = Context(category="", fields=(ContextField(name="description", text=text),))
    return [(pair.name, pair.folded) for pair in read(context, load_bank()).pairs]


def test_folding_takes_full_width_letters_and_leaves_kana_their_marks() -> None:
    assert fold("１．３ｋｇ　ガラス") == "1.3kg ガラス"
    assert fold("bawełna – łóżko") == "bawelna - lozko"


def test_half_width_kana_are_read_as_full_width_ones() -> None:
    assert pairs("素材：ｶﾞﾗｽ") == [("素材", "ガラス")]


@pytest.mark.parametrize(
    "text", ["素材：綿 カラー：白", "【素材】綿【カラー】白", "■素材/綿\n■カラー/白", "[素材]綿[カラー]白"]
)
def test_names_stand_before_a_colon_in_brackets_or_before_a_stroke(text: str) -> None:
    assert pairs(text) == [("素材", "綿"), ("カラー", "白")]


def test_sentences_end_at_stops_headings_bullets_and_gaps() -> None:
    assert list(sentences("軽いです。丈夫です！【素材】綿")) == ["軽いです。", "丈夫です！", "【素材】綿"]
    assert list(sentences("履きやすい靴です     ・軽量 ・防水")) == ["履きやすい靴です", "軽量", "防水"]


def test_a_word_ends_where_japanese_begins() -> None:
    pattern = Pattern(r"\busb-c\b", ("usb",))
    assert pattern.search("usb-c対応") is None
    assert pattern.within(("ja",)).search("usb-c対応")
    assert pattern.within(("pl", "ja")) is pattern


def test_no_pattern_holds_a_full_width_bracket_which_folding_would_make_a_group() -> None:
    path = Path(bank_module.__file__).parents[2] / "data" / "bank" / "patterns" / "ja.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    kinds = ("strong", "weak", "traps", "doubts")
    patterns = [text for table in tables.values() for kind in kinds for text in table.get(kind, ())]
    outside_classes = [re.sub(r"\[(?:\\.|[^\]\\])*\]", "", text) for text in patterns]
    assert not [text for text in outside_classes if re.search("[（）？＊＋｜．]", text)]


def test_a_language_says_in_its_own_file_what_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "patterns").mkdir()
    file = tmp_path / "patterns" / "fi.toml"
    file.write_text('[words]\nempty_values = ["ei tiedossa"]\nstopwords = "ja on ei"\n[weight]\nnames = ["paino"]\n')
    bank = load_bank(tmp_path)
    assert bank.empty_value.regex.fullmatch("ei tiedossa")
    assert bank.stopwords["fi"] == {"ja", "on", "ei"}
    assert bank.names.facets("paino") == ("weight",)
    file.write_text("[words]\nstopword = 1\n")
    with pytest.raises(InputError, match=r"\[words\]: unknown key stopword"):
        load_bank(tmp_path / ".." / tmp_path.name)
