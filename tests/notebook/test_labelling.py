from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

import feedeval as fe
from feedeval.notebook.labelling import render
from feedeval.notebook.labelling.typed import BACKSPACE, PROMPT, typed
from feedeval.notebook.labelling.view import LabelView
from feedeval.results.labelling.book import Case, Label, LabelBook
from feedeval.results.session import Session
from tests.notebook.hostile import HOSTILE
from tests.notebook.kernel import started_kernel
from tests.results.factory import SID, Plan, write_session


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(write_session(tmp_path, Plan(products=12, questions=4)), tmp_path)


def texts(view: LabelView) -> dict[str, str]:
    return {name: part.value for name, part in view._parts.items()}


class Elements(HTMLParser):
    """The elements of a page, and the attributes that could run something."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.dangerous: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.dangerous += [name for name, _ in attrs if name.startswith("on") or name in ("href", "src")]


@pytest.mark.parametrize(
    ("before", "now", "keys"),
    [
        (PROMPT, f"{PROMPT}y", ["y"]),
        (f"{PROMPT}y", f"{PROMPT}yNx", ["n", "x"]),
        (f"{PROMPT}yn", f"{PROMPT}y", [BACKSPACE]),
        (f"{PROMPT}yn", PROMPT, [BACKSPACE, BACKSPACE]),
        (PROMPT, PROMPT[:-1], [BACKSPACE]),
        (f"{PROMPT}ypn", "", [BACKSPACE]),
        (f"{PROMPT}yy", f"{PROMPT}yyy", ["y"]),
        (f"{PROMPT}pn", f"{PROMPT}ypn", ["y"]),
        (f"{PROMPT}ypn", "x", ["x"]),
        (PROMPT, f"{PROMPT}  ", []),
        (PROMPT, PROMPT, []),
    ],
)
def test_keys_are_told_from_what_the_box_holds(before: str, now: str, keys: list[str]) -> None:
    if now == f"{PROMPT}  ":
        assert BACKSPACE not in typed(before, now)
    else:
        assert typed(before, now) == keys


def test_keys_in_the_box_label_skip_and_undo(session: Session) -> None:
    checks = fe.label(session, n=20)
    view = LabelView(checks._book, checks.press, show_verdict=False)
    checks._view = view
    box = view._keys
    for value in ("y", "yn", "ynx", "ynxs", "ynxsp"):
        box.value = PROMPT + value
    assert checks.labels["label"].tolist() == ["yes", "no", "not_applicable", "partial"]
    box.value = PROMPT + "ynxs"
    box.value = PROMPT + "ynx"
    assert len(checks.labels) == 3
    box.value = PROMPT + "ynxu"
    assert len(checks.labels) == 2
    box.value = ""
    assert len(checks.labels) == 1
    assert box.value == PROMPT, "nothing is left for Backspace to take away"
    box.value = PROMPT + "q"
    assert "no key of this widget" in texts(view)["last"]
    assert len(checks.labels) == 1
    checks.close()


def test_the_verdict_is_told_only_after_the_answer(session: Session) -> None:
    checks = fe.label(session, n=20)
    case = checks._book.current
    assert case is not None
    before = "".join(map(str, (render.asked_html(case, show_verdict=False), render.text_html(case))))
    assert "The judge says" not in before
    assert f"The judge says <b>{case.prediction}</b>" in render.asked_html(case, show_verdict=True)
    other = next(label for label in Label if label != case.prediction)
    checks.press(other.key)
    assert f"the judge said {case.prediction}" in render.last_html(checks._book.last)


def test_the_quote_is_marked_where_it_stands_also_over_two_lines() -> None:
    case = Case("1", "How heavy?", "yes", "Mug", "Weight: 250\u00a0G", "Mug\nweight: 250 g\ncolour: a < b")
    html = render.text_html(case)
    assert "<mark>weight: 250 g</mark>" in html
    assert "a &lt; b" in html
    wide = Case("1", "q", "yes", "t", "red mug … 250 g", "a red mug\nof 250 g")
    assert re.findall("<mark>(.*?)</mark>", render.text_html(wide)) == ["red mug", "250 g"]
    assert "which is not in the text" in render.text_html(Case("1", "q", "partial", "t", "blue", "a red mug"))
    assert "quotes" not in render.text_html(Case("1", "q", "no", "t", "", "a red mug"))


def test_a_hostile_product_runs_nothing(tmp_path: Path) -> None:
    context = "\n".join(f"{name}: {text}" for name, text in HOSTILE.items())
    for evidence in HOSTILE.values():
        case = Case(HOSTILE["id"], HOSTILE["description"], "yes", HOSTILE["title"], evidence, context)
        page = Elements()
        html = str(render.asked_html(case, show_verdict=True)) + render.text_html(case)
        html += render.last_html((case, Label.NO)) + render.fault_html(HOSTILE["title"])
        page.feed(html)
        assert page.names <= {"div", "bdi", "p", "mark", "b"}
        assert page.dangerous == []
        assert not {"\x1b", "\u202e"} & set(html)


def test_hostile_cases_are_labelled_exported_and_read_back(tmp_path: Path) -> None:
    over = {n: {"title": HOSTILE["title"], "evidence": HOSTILE["description"]} for n in range(4)}
    session = Session(write_session(tmp_path, Plan(products=4, batch_size=4, overrides=over)), tmp_path)
    checks = fe.label(session, n=9)
    for key in "ypnx":
        checks.press(key)
    path = checks.export(tmp_path / "to_label.csv")
    sheet = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert not sheet.map(lambda cell: cell.startswith(("=", "@", "+", "-"))).any(axis=None)
    sheet.assign(label="n").to_csv(path, index=False)
    again = fe.label(session, n=9).read(path)
    assert again.labels["label"].tolist() == ["no"] * 9
    assert fe.label(session, n=9).labels.equals(again.labels)


def test_without_a_page_it_says_how_to_label(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    checks = fe.label(session, n=20)
    checks.press("y")
    checks.display()
    said = capsys.readouterr().out
    assert "1 of 20 cases labelled" in said
    assert '.export("to_label.csv")' in said and '.read("to_label.csv")' in said
    assert "to_label.csv" in checks._repr_html_()
    while checks._book.current is not None:
        checks.press("n")
    assert "export" not in repr(checks)
    assert "All cases are labelled" in render.asked_html(checks._book.current, show_verdict=False)
    assert list(checks.labels.columns) == ["product_id", "question", "prediction", "label", "probability"]


def test_what_cannot_be_saved_is_said_in_the_widget(session: Session) -> None:
    checks = fe.label(session, n=20)
    view = LabelView(checks._book, checks.press, show_verdict=False)
    checks._view = view
    session.paths.labels.mkdir()
    checks.press("y")
    assert "That did not work" in texts(view)["last"]
    assert "0 of 20" in texts(view)["progress"]
    checks.close()


@pytest.mark.slow
def test_buttons_answer_in_a_kernel_and_the_saved_output_says_how_far_it_is(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=12))
    with started_kernel(tmp_path) as kernel:
        kernel.run("import feedeval as fe\nchecks = fe.label(fe.load_session(output_dir='.'), n=20)\nchecks")
        kernel.press("Partial (p)")
        kernel.wait_for("1 of 20 cases labelled")
        kernel.press("Skip (s)")
        kernel.press("No (n)")
        kernel.wait_for("2 of 20 cases labelled")
        assert kernel.run("print(checks.labels['label'].tolist())").strip() == "['partial', 'no']"
        still = kernel.bundles("update_display_data")[-1]
        assert "behind-feedeval-label" in still["text/html"]
        assert "2 of 20" in still["text/plain"]
        kernel.run("checks.close(); del checks")
    assert (tmp_path / f"labels_{SID}.csv").exists()
    assert LabelBook(Session(SID, tmp_path), 20, 0).done == 2
