from __future__ import annotations

import random
import re

import pytest

from feedeval.jobs.offline.bank import load_bank
from feedeval.jobs.probes.planting import PLANTERS
from feedeval.jobs.probes.probes import (
    EXPECTED,
    CannotPlant,
    Known,
    Planted,
    Pool,
    Posed,
    Probe,
    draw,
    is_right,
    plan_probes,
)
from feedeval.jobs.probes.stated_words import ANSWERS, OPENINGS, RIGHT, SPOKEN_OF, STATED, Definition
from feedeval.records import Context, ContextField, Judgement, Question, Taxonomy, Verdict

BATTERY, VOLTAGE, COLOUR = "How long does the battery last?", "Which voltage does it need?", "What colour is it?"
TAXONOMY = {BATTERY: Taxonomy.SPECS, VOLTAGE: Taxonomy.COMPATIBILITY, COLOUR: Taxonomy.FIT}


def known(key: str, fields: dict[str, str], answers: dict[str, str], category: str = "Drills") -> Known:
    """Make a product; `answers` gives by question what was quoted for a yes, or nothing for a no."""
    judgements = tuple(
        Judgement(question=q, taxonomy=TAXONOMY[q], required=False, verdict=Verdict("yes" if a else "no"), evidence=a)
        for q, a in answers.items()
    )
    context = Context(category=category, fields=tuple(ContextField(name=n, text=t) for n, t in fields.items()))
    return Known(key, context, judgements, {"product_id": key})


def plant(probe: Probe, product: Known, *others: Known, seed: int = 0) -> Planted:
    return PLANTERS[probe](product, Pool([product, *others], "en"), random.Random(seed))


def refusal(probe: Probe, product: Known, *others: Known) -> str:
    with pytest.raises(CannotPlant) as why:
        plant(probe, product, *others)
    return str(why.value)


def fields_of(planted: Planted) -> dict[str, str]:
    return {item.name: item.text for item in planted.context.fields}


DRILL = known(
    "drill",
    {"title": "Drill 300", "description": "Runs 90 minutes on a charge. Compact.", "color": "teal"},
    {BATTERY: "Runs 90 minutes on a charge", VOLTAGE: "", COLOUR: "teal"},
)
SAW = known("saw", {"title": "Saw 7", "description": "A saw. Needs 18 V.", "voltage": "18 V"}, {VOLTAGE: "18 V"})
CUP = known("cup", {"title": "Cup", "description": "Holds tea."}, {COLOUR: ""}, category="Cups")


def test_the_field_of_the_answer_goes_and_only_answers_that_are_gone_are_looked_at() -> None:
    planted = plant(Probe.ABLATION, DRILL)
    assert "color" not in fields_of(planted) or "description" not in fields_of(planted)
    gone = {"color": COLOUR, "description": BATTERY}
    expected = {DRILL.judgements[n].question for n in planted.about}
    assert expected == {question for name, question in gone.items() if name not in fields_of(planted)}
    assert planted.order == (0, 1, 2)


def test_fields_that_repeat_words_of_the_answer_go_as_well() -> None:
    fields = {"title": "Teal drill", "color": "teal", "brand": "Acme"}
    assert set(fields_of(plant(Probe.ABLATION, known("a", fields, {COLOUR: "teal"})))) == {"brand"}
    everywhere = known("a", {"title": "Teal drill", "color": "teal"}, {COLOUR: "teal"})
    assert refusal(Probe.ABLATION, everywhere) == "every field has words of the answer"


def test_an_answer_of_another_product_is_added_as_it_stood() -> None:
    planted = plant(Probe.INSERTION, DRILL, SAW)
    assert [DRILL.judgements[n].question for n in planted.about] == [VOLTAGE]
    assert fields_of(planted)["description"] == "Runs 90 minutes on a charge. Compact. Needs 18 V."
    own = known("own", {"title": "Drill", "voltage": "see label"}, {VOLTAGE: ""})
    field_only = known("saw", {"title": "Saw", "voltage": "18 V"}, {VOLTAGE: "18 V"})
    assert fields_of(plant(Probe.INSERTION, own, field_only))["description"] == "Voltage: 18 V."


def test_titles_and_sentences_that_name_the_other_product_are_not_lent() -> None:
    by_name = known("s", {"title": "Makro saw 18 V", "description": "The Makro needs 18 V."}, {VOLTAGE: "18 V"})
    assert refusal(Probe.INSERTION, DRILL, by_name).startswith("no other product")


def test_a_field_is_lent_by_its_name_where_the_judge_finds_no_answer_anywhere() -> None:
    unread = known("saw", {"title": "Saw", "voltage": "18 V"}, {VOLTAGE: ""})
    planted = plant(Probe.INSERTION, known("d", {"title": "Drill"}, {VOLTAGE: ""}), unread)
    assert fields_of(planted) == {"title": "Drill", "voltage": "18 V"}


def test_a_swap_asks_only_what_the_other_text_has_nothing_to_do_with() -> None:
    planted = plant(Probe.SWAP, DRILL, CUP)
    assert planted.context == CUP.context
    # Any product may tell its colour, in words of its own.
    assert [DRILL.judgements[n].question for n in planted.about] == [BATTERY]
    radio = known("radio", {"title": "Radio", "description": "With battery."}, {COLOUR: ""}, category="Radios")
    assert refusal(Probe.SWAP, DRILL, radio).startswith("every question could be answered")
    assert refusal(Probe.SWAP, DRILL, SAW) == "the sample has no product of another category"


def test_a_shuffle_keeps_every_field_and_question_and_changes_their_order() -> None:
    planted = plant(Probe.SHUFFLE, DRILL)
    assert sorted(fields_of(planted).items()) == sorted((f.name, f.text) for f in DRILL.context.fields)
    assert sorted(planted.order) == [0, 1, 2] == list(planted.about)
    assert planted.context.fields != DRILL.context.fields or planted.order != (0, 1, 2)
    assert refusal(Probe.SHUFFLE, known("a", {"title": "A"}, {COLOUR: ""})).startswith("one field")


@pytest.mark.parametrize("probe", [Probe.FILLER, Probe.INJECTION])
def test_what_is_added_leaves_the_sentences_there_as_they_were(probe: Probe) -> None:
    product = known("a", {"title": "A", "description": "Made for plants"}, {BATTERY: "", COLOUR: ""})
    described = fields_of(plant(probe, product))["description"]
    assert "Made for plants. " in described
    bare = fields_of(plant(probe, known("a", {"title": "A"}, {COLOUR: ""})))
    assert bare["description"] and bare["title"] == "A"


def test_an_order_is_about_the_questions_that_it_would_change() -> None:
    for seed in range(8):
        planted = plant(Probe.INJECTION, DRILL, seed=seed)
        ordered = "yes" if " yes" in planted.changed else "no"
        assert [n for n, j in enumerate(DRILL.judgements) if j.verdict != ordered] == list(planted.about)


def test_a_repeat_changes_nothing() -> None:
    planted = plant(Probe.REPEAT, DRILL)
    assert planted.context == DRILL.context and planted.order == planted.about == (0, 1, 2)


def test_a_rubric_plants_a_statement_of_each_kind_on_facets_that_the_text_leaves_out() -> None:
    for seed in range(10):
        planted = plant(Probe.RUBRIC, DRILL, seed=seed)
        assert {each.changed.split(":")[0] for each in planted.posed} == {kind.value for kind in Definition}
        assert len({each.question.facet for each in planted.posed}) == len(Definition)
        described = fields_of(planted)["description"]
        assert described.startswith("Runs 90 minutes on a charge. Compact. ")
        assert all(each.said in described for each in planted.posed)
    weighed = known("w", {"title": "Bag, 900 g", "description": "Made in Peru. 3 year warranty."}, {COLOUR: ""})
    for seed in range(10):
        assert not {"weight", "origin", "warranty"} & {
            each.question.facet for each in plant(Probe.RUBRIC, weighed, seed=seed).posed
        }
    tells = "900 g, 10 cm wide, made in Peru, 3 year warranty, returns, delivery, waterproof, no assembly"
    assert refusal(Probe.RUBRIC, known("t", {"title": tells}, {COLOUR: ""})).startswith("the text speaks of all")


def test_an_answer_in_another_language_takes_the_place_of_the_description() -> None:
    for seed in range(10):
        planted = plant(Probe.LANGUAGE, DRILL, seed=seed)
        fields = fields_of(planted)
        assert fields["title"] == "Drill 300" and "Compact" not in fields["description"]
        assert len(planted.posed) == 3 and all(each.said in fields["description"] for each in planted.posed)
        assert all(each.question.text.isascii() and "in 'en'" not in each.changed for each in planted.posed)
    german = PLANTERS[Probe.LANGUAGE](DRILL, Pool([DRILL], "de"), random.Random(1))
    assert all("in 'de'" not in each.changed for each in german.posed)
    assert any("wiegt" in each.question.text or "?" in each.question.text for each in german.posed)


def test_what_is_posed_is_right_by_the_definitions_and_by_its_quote() -> None:
    question = Question(text=COLOUR, taxonomy=Taxonomy.SPECS)
    vague = Posed(question, RIGHT[Definition.VAGUE], "A real lightweight.", "")
    assert vague.expected == "partial or no"
    assert vague.is_right("partial", "") and vague.is_right("no", "") and not vague.is_right("yes", "lightweight")
    foreign = Posed(question, frozenset({Verdict.YES}), "Das Gewicht beträgt 2,4 kg.", "", quoted=True)
    assert foreign.is_right("yes", "2,4 kg") and not foreign.is_right("yes", "2.4 kg")
    assert not foreign.is_right("partial", "2,4 kg") and foreign.is_right("not_judged", "") is None


def test_every_statement_has_a_facet_of_the_bank_and_words_in_its_first_languages() -> None:
    bank = load_bank()
    assert all({"en", "de", "fr", "es"} == each.says.keys() for each in STATED)
    assert {each.facet for each in STATED} | ANSWERS.keys() <= bank.facets.keys() & SPOKEN_OF.keys()
    assert all(words.keys() == OPENINGS.keys() >= set(bank.languages) for words in ANSWERS.values())
    for each in STATED:
        for said in each.says.values():
            assert re.search(SPOKEN_OF[each.facet], said.casefold()) or each.definition is Definition.VAGUE, said


def test_the_same_seed_plants_the_same() -> None:
    pool = Pool([DRILL, SAW, CUP], "de")
    one, same, other = (plan_probes(pool, PLANTERS, seed=seed) for seed in (1, 1, 2))
    assert one == same and one.variants != other.variants
    # What is planted in a product does not hang on which other probes are asked for.
    alone = plan_probes(pool, {Probe.FILLER: PLANTERS[Probe.FILLER]}, seed=1)
    assert alone.variants == [v for v in one.variants if v.probe is Probe.FILLER]
    assert one.refused[Probe.ABLATION]["no question was answered with a quote"] == 1


@pytest.mark.parametrize(
    ("probe", "right"),
    [
        (Probe.ABLATION, {"no", "partial"}),
        (Probe.INSERTION, {"yes", "partial"}),
        (Probe.SWAP, {"no"}),
        (Probe.SHUFFLE, {"yes"}),
        (Probe.REPEAT, {"yes"}),
    ],
)
def test_what_counts_as_right(probe: Probe, right: set[str]) -> None:
    assert {after for after in ("yes", "partial", "no") if is_right(probe, "yes", after)} == right
    assert set(EXPECTED) == set(Probe)


def test_a_few_of_each_of_the_largest_categories_are_drawn() -> None:
    categories = [(n, "AB"[n % 2] if n < 60 else f"rare {n}") for n in range(100)]
    names = dict(categories)
    drawn = draw(categories, 8, seed=0)
    assert sorted(names[n] for n in drawn) == ["A"] * 4 + ["B"] * 4
    assert draw(categories, 8, seed=0) == drawn != draw(categories, 8, seed=1)
    assert draw(categories, 1000, seed=0) == set(names)
    assert len({names[n] for n in draw(categories, 2, seed=0)}) == 2


UNSURE = known(
    "drill", {"title": "Drill 300", "description": "Runs 90 minutes."}, {BATTERY: "Runs 90 minutes"}
)._replace(
    judgements=(
        *known("d", {}, {BATTERY: "Runs 90 minutes"}).judgements,
        Judgement(question=VOLTAGE, taxonomy=Taxonomy.COMPATIBILITY, required=False, verdict=Verdict.NOT_JUDGED),
        Judgement(question=COLOUR, taxonomy=Taxonomy.FIT, required=False, verdict=Verdict.NOT_APPLICABLE),
    )
)


@pytest.mark.parametrize("probe", [Probe.SHUFFLE, Probe.FILLER, Probe.REPEAT, Probe.INJECTION])
def test_a_question_that_was_not_judged_has_no_verdict_that_could_stay(probe: Probe) -> None:
    planted = plant(probe, UNSURE)
    assert 1 not in planted.about and planted.about and set(planted.order) == {0, 1, 2}


def test_a_product_of_which_nothing_was_judged_offers_no_case() -> None:
    silent = UNSURE._replace(judgements=UNSURE.judgements[1:2])
    assert "no question was judged" in refusal(Probe.REPEAT, silent)
    assert "no question was answered with no" in refusal(Probe.INSERTION, UNSURE)


@pytest.mark.parametrize("probe", list(Probe))
def test_a_judge_that_cannot_tell_is_neither_right_nor_wrong(probe: Probe) -> None:
    assert is_right(probe, "yes", "not_judged") is None


@pytest.mark.parametrize(
    ("probe", "before", "after", "right"),
    [
        (Probe.FILLER, "not_applicable", "not_applicable", True),
        (Probe.FILLER, "yes", "not_applicable", False),
        (Probe.ABLATION, "yes", "not_applicable", True),
        (Probe.SWAP, "yes", "not_applicable", True),
        (Probe.INSERTION, "no", "not_applicable", False),
        (Probe.INSERTION, "no", "partial", True),
    ],
)
def test_that_a_question_does_not_apply_is_a_verdict(probe: Probe, before: str, after: str, right: bool) -> None:
    assert is_right(probe, before, after) is right
