"""Words that tell what a text may speak of, and what the engine makes of them."""

from pathlib import Path

import pytest

from feedeval.errors import InputError
from feedeval.jobs.offline.bank import load_bank
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.jobs.offline.topics import Topics
from feedeval.records import Context, ContextField, Judgement, Question, Taxonomy, Verdict

HERE = Path(__file__).parent
ENGINE = OfflineEngine()
MOST_NOT_JUDGED = 0.06
"""Of sentences that say nothing, most of which look as if they did."""


def judge(facet: str, description: str) -> Judgement:
    context = Context(category="", fields=(ContextField(name="description", text=description),))
    [judgement] = ENGINE.judge(context, [Question(text=facet, taxonomy=Taxonomy.USE, facet=facet)])
    return judgement


def test_words_begin_others_or_stand_alone() -> None:
    topics = Topics({"material": "holz =ton", "noise": "leise =ton"}, spaced=True)
    assert topics.of("aus holzern") == {"material"}
    assert topics.of("der ton macht die musik") == {"material", "noise"}
    assert topics.of("tonne, eichenholz") == frozenset()
    assert topics.of("") == frozenset()


def test_folded_words_are_found_in_folded_texts() -> None:
    assert Topics({"care": "Spülmaschine Fuß"}, spaced=True).of("spulmaschine") == {"care"}
    assert Topics({"wide_fit": "Fuß"}, spaced=True).of("der fuß") == {"wide_fit"}


def test_where_words_are_not_parted_they_count_wherever_they_stand() -> None:
    assert Topics({"noise": "静か", "use": "旅行"}, spaced=False).of("とても静かです") == {"noise"}


def test_a_beginning_that_would_stand_in_any_text_is_refused() -> None:
    with pytest.raises(InputError, match=r"de.toml: \[size\] topics: 'zu' begins too many words; write =zu"):
        Topics({"size": "zu"}, spaced=True, where="de.toml")
    Topics({"size": "=zu"}, spaced=True)


def test_a_reader_adds_topics_of_his_own(tmp_path: Path) -> None:
    (tmp_path / "patterns").mkdir()
    (tmp_path / "patterns" / "en.toml").write_text('[noise]\ntopics = "whoosh"\n')
    assert "noise" in load_bank(tmp_path).topics["en"].of("a gentle whooshing")


@pytest.mark.parametrize(
    ("facet", "text"),
    [
        ("spare_parts", "You will want a refillable pen that is yours, and with the other one it is not."),
        ("temperature", "Das ist etwas, das man auch bei Hitze und nicht nur so haben kann und will."),
        ("assembly", "Ce que vous avez dans les mains est installé par vous, et c'est ce que nous voulons."),
        ("shelf_life", "Lo que se ve en los otros y por algo lo decimos, refrigerado o en la mesa."),
    ],
)
def test_what_no_pattern_answers_is_not_judged_where_words_of_the_topic_stand(facet: str, text: str) -> None:
    assert judge(facet, text).verdict in (Verdict.NOT_JUDGED, Verdict.PARTIAL)
    assert not judge(facet, text).evidence or judge(facet, text).verdict is Verdict.PARTIAL


def test_the_reason_is_told_and_nothing_is_quoted() -> None:
    found = judge("colour", "It is what you would have called purple prose by the others, and they have it as well.")
    assert found.verdict is Verdict.NOT_JUDGED
    assert found.evidence == "" and "words that are not read" in found.reason


def test_words_that_are_known_to_look_like_it_only_leave_it_a_no() -> None:
    tea = "This is where you can have orange juice with a green tea of your own."
    assert "colour" in load_bank().topics["en"].of(tea.lower())
    assert judge("colour", tea).verdict is Verdict.NO
    assert (
        judge("weight", "It is all that you have wanted and more than the others would have it.").verdict is Verdict.NO
    )


def test_of_sentences_that_say_nothing_nearly_all_are_told_from_what_is_not_read() -> None:
    cases = [line.split("|") for line in (HERE / "offline_sentences.txt").read_text(encoding="utf-8").splitlines()]
    silent = [(case[0], case[-1]) for case in cases if case[0][:1] != "#" and case[1] == "no"]
    left = [(facet, text) for facet, text in silent if judge(facet, text).verdict is Verdict.NOT_JUDGED]
    assert len(silent) > 400
    assert len(left) <= len(silent) * MOST_NOT_JUDGED, left
