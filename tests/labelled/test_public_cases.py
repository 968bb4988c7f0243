"""The cases over public feeds keep their shape, and what is measured on them is measured rightly, on invented cases."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from feedeval.feed.parsing.product import Product
from feedeval.feed.text import content_hash, make_context
from feedeval.records import Context
from tests.benchmarks.judge_public import (
    BANK_LANGUAGES,
    HASH_CHARS,
    PARTS,
    Case,
    balanced_shares,
    contexts,
    in_detail,
    judge,
    kappa,
    main,
    measure,
    pabak,
    read_cases,
    summary,
    weighted_kappa,
)

README = Path(__file__).parent / "README.md"
MUG: Product = {"id": "m1", "title": "Mug", "description": "Stoneware mug, 300 ml."}


def _case(a: str, b: str, engine: str = "", *, language: str = "en", number: int = 1) -> Case:
    return Case(f"c{number}", "mugs.json", f"m{number}", language, "capacity", "dev", a, b, "", engine)


def test_file_has_the_promised_breadth_and_each_product_stands_on_one_side() -> None:
    cases = read_cases()
    assert len({case.case for case in cases}) == len(cases) >= 400
    assert {case.language for case in cases} >= set(BANK_LANGUAGES)
    assert len({(case.feed, case.product, case.facet) for case in cases}) == len(cases)
    sides: dict[tuple[str, str], set[str]] = {}
    for case in cases:
        sides.setdefault((case.feed, case.product), set()).add(case.half)
    assert all(len(halves) == 1 for halves in sides.values())
    halves = Counter(case.half for case in cases)
    assert set(halves) == set(PARTS)
    assert abs(halves["dev"] - halves["held"]) <= 0.1 * len(cases)
    # What patterns were written by says nothing of shops that nobody read.
    feeds = {part: {case.feed for case in cases if case.half == part} for part in PARTS}
    assert not feeds["unseen"] & (feeds["dev"] | feeds["held"])
    assert not feeds["other"] & (feeds["dev"] | feeds["held"] | feeds["unseen"])


def test_verdicts_are_filled_in_by_both_labellings_or_not_at_all() -> None:
    for case in read_cases():
        assert bool(case.verdict_a) == bool(case.verdict_b), case.case
        assert {case.verdict_a, case.verdict_b} <= {"", "yes", "partial", "no", "not_applicable"}, case.case


def test_readme_states_the_counts_of_the_file() -> None:
    text = README.read_text(encoding="utf-8")
    cases = read_cases()
    for language in (*BANK_LANGUAGES, "ru"):
        those = [case for case in cases if case.language == language]
        products = {(case.feed, case.product) for case in those}
        halves = Counter(case.half for case in those)
        counts = " | ".join(str(halves[part]) for part in PARTS)
        assert f"| {language} | {len(products)} | {counts} |" in text


def test_kappa_is_the_textbook_value() -> None:
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    assert kappa(pairs) == pytest.approx(0.4)


def test_weighting_to_the_shares_that_are_there_changes_nothing() -> None:
    pairs = [("yes", "yes")] * 4 + [("partial", "no")] * 2 + [("no", "no")] * 13 + [("no", "yes")]
    shares = {"yes": 0.2, "partial": 0.1, "no": 0.7}
    assert weighted_kappa(pairs, shares) == pytest.approx(kappa(pairs))


def test_weighted_kappa_undoes_what_a_skewed_prevalence_does() -> None:
    shares = {"yes": 0.5, "partial": 0.0, "no": 0.5}
    even = [("yes", "yes")] * 9 + [("yes", "no")] + [("no", "no")] * 9 + [("no", "yes")]
    skewed = [("yes", "yes")] * 9 + [("yes", "no")] + [("no", "no")] * 81 + [("no", "yes")] * 9
    assert kappa(skewed) < kappa(even)
    assert weighted_kappa(skewed, shares) == pytest.approx(kappa(even))


def test_a_verdict_that_the_reference_never_gives_carries_no_weight() -> None:
    pairs = [("yes", "yes")] * 3 + [("no", "no")] * 5 + [("no", "partial")]
    assert 0 < weighted_kappa(pairs, balanced_shares()) < 1


def test_pabak_depends_on_agreement_alone() -> None:
    assert pabak([("no", "no")] * 9 + [("yes", "no")]) == pytest.approx(0.85)
    assert pabak([("yes", "no")] * 2 + [("no", "no")]) == pytest.approx(0.0)


def test_not_applicable_is_in_no_figure_and_not_judged_only_in_the_share() -> None:
    cases = [
        *(_case("yes", "yes", "yes"), _case("no", "no", "no"), _case("no", "no", "yes")),
        _case("yes", "yes", "not_judged"),
        _case("no", "not_applicable", "yes"),
        _case("yes", "partial", "yes"),
    ]
    figures = measure(cases, balanced_shares())
    assert figures.cases == 5
    assert figures.judged == pytest.approx(4 / 5)
    assert figures.precision == pytest.approx(1 / 2)
    assert figures.recall == pytest.approx(1.0)
    assert figures.agreed[0] == pytest.approx(kappa([("yes", "yes"), ("no", "no"), ("no", "yes")]))
    assert figures.with_b[2] == pytest.approx(pabak([("a", "a"), ("a", "a"), ("a", "b"), ("a", "b")]))
    assert figures.labellings[0] == pytest.approx(
        kappa([("yes", "yes")] * 2 + [("no", "no")] * 2 + [("yes", "partial")])
    )


def test_other_languages_stand_in_a_row_of_their_own_and_in_no_total() -> None:
    mine = [_case("yes", "yes", "yes", number=1), _case("no", "no", "no", number=2)]
    text = summary([*mine, _case("yes", "yes", "not_judged", language="ru", number=3)], balanced_shares())
    assert "2 cases in the bank's languages" in text
    assert "judged 100.0%" in text
    assert any(line.startswith("ru ") for line in text.splitlines())
    odd = [_case("not_applicable", verdict, "no", number=5) for verdict in ("not_applicable", "no")]
    assert "2 more are not applicable by a labelling, 1 by both (engine: no 2)" in summary(
        [*mine, *odd], balanced_shares()
    )
    assert "Only 2 rows were compared" in in_detail([*mine, _case("yes", "no", "yes", number=4)])


def test_nothing_judged_gives_no_figure_and_no_error() -> None:
    figures = measure([_case("yes", "no", "not_judged")], balanced_shares())
    assert figures.judged == 0
    assert figures.precision != figures.precision
    assert in_detail([_case("yes", "no", "not_judged")]) == ""


def test_case_is_judged_on_the_text_that_was_labelled_and_left_out_where_it_reads_otherwise(tmp_path: Path) -> None:
    (tmp_path / "mugs.json").write_text(json.dumps([MUG, {"title": "Bowl", "description": "No id."}]), encoding="utf-8")
    texts = contexts(tmp_path / "mugs.json")
    assert set(texts) == {"m1", "row 1"}
    labelled = replace(_case("yes", "yes"), context=content_hash(make_context(MUG, None))[:HASH_CHARS])
    changed = replace(labelled, context="0" * HASH_CHARS)

    def say(context: Context, facet: str) -> str:
        return "yes" if facet == "capacity" and "300 ml" in context.text else "no"

    elsewhere = tmp_path / "empty"
    assert [case.engine for case in judge([labelled, changed], [elsewhere, tmp_path], say)] == ["yes", ""]
    with pytest.raises(FileNotFoundError, match=r"mugs\.json"):
        list(judge([labelled], [elsewhere], say))


def test_command_says_what_is_lacking(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--feeds", str(tmp_path)])
    said = capsys.readouterr().err
    assert "not labelled twice yet" in said or "none of the folders holds" in said
