"""One product of an audit, as a person reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lxml.html
import pytest

from feedeval.errors import InputError
from feedeval.formatting import cells
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.records import Verdict
from feedeval.results.product import ProductEvaluation
from feedeval.results.session import Session, load_session
from tests.notebook.hostile import HOSTILE
from tests.results.factory import Plan, write_session, write_shadow_session


def session_of(folder: Path, **plan: Any) -> Session:
    write_session(folder, Plan(**plan))
    return load_session(output_dir=folder)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return session_of(tmp_path_factory.mktemp("session"), products=12, questions=12, failed=(3,), engine="gpt-4o-mini")


def page_of(evaluation: ProductEvaluation) -> lxml.html.HtmlElement:
    return lxml.html.fromstring(evaluation._repr_html_())


def words(page: lxml.html.HtmlElement) -> str:
    return " ".join(" ".join(page.itertext()).split())


def test_a_product_is_shown_question_by_question(session: Session) -> None:
    one = session.evaluation("SKU-000007")
    row = session.results.loc[7]
    assert (one.title, one.category, one.coverage_pct) == (row["title"], row["category"], row["coverage_pct"])
    expected = session.judgements[session.judgements["product_id"] == "SKU-000007"]
    assert [j.question for j in one.judgements] == expected["question"].tolist()
    rows = page_of(one).xpath("//table[.//th[text()='Answer']]/tbody/tr")
    assert len(rows) == 12
    glyphs = {"yes": "✔\ufe0e\xa0answered", "partial": "◐\xa0in\xa0part", "no": "✖\ufe0e\xa0open"}
    assert [r.xpath("string(td[1])") for r in rows] == [glyphs[verdict] for verdict in expected["verdict"]]
    assert ["(required)" in r.xpath("string(td[2])") for r in rows] == expected["required"].tolist()
    quoted = ["“7 g of solid beech, oiled by hand”" in r.xpath("string(td[3])") for r in rows]
    assert quoted == (expected["verdict"] != "no").tolist()
    assert ["→ product_detail" in r.xpath("string(td[3])") for r in rows] == (expected["verdict"] != "yes").tolist()
    said = words(page_of(one))
    assert f"{row['coverage_pct']:.1f} % covered" in said and "Missing required fields material" in said
    assert f"{row['yes_count']} answered, {row['partial_count']} in part, {row['no_count']} open" in said
    assert page_of(one).xpath("//a/@href") == ["https://shop.example/p/000007?colour=oak"]
    assert "The text that was judged" in said and "Product 7." in said


def test_its_text_fits_the_terminal(session: Session) -> None:
    text = session.evaluation("SKU-000007").text(80)
    assert text.startswith("Chopping board no. 7, solid beech")
    assert max(cells(line) for line in text.splitlines()[6:]) <= 80
    assert str(session.evaluation("SKU-000007")) == session.evaluation("SKU-000007").text(100)


def test_a_product_that_failed_says_why(session: Session) -> None:
    failed = session.evaluation("SKU-000003")
    assert failed.coverage_pct is None and not failed.judgements
    for said in (words(page_of(failed)), str(failed)):
        assert "Unusable reply: the reply did not fit the schema, twice" in said and "% covered" not in said


def test_a_quote_that_is_not_in_the_feed_is_not_shown_as_one(session: Session) -> None:
    one = session.evaluation("SKU-000001")
    invented = one.judgements[0].model_copy(update={"verdict": Verdict.PARTIAL, "evidence": "gold", "verified": False})
    shown = ProductEvaluation(**{**{n: getattr(one, n) for n in one.__slots__}, "judgements": (invented,)})
    assert "gold" not in words(page_of(shown)) and "are not in the feed" in words(page_of(shown))
    assert "are not in the feed" in str(shown)


def test_what_no_model_judged_is_said_to_be_so(tmp_path: Path) -> None:
    one = session_of(tmp_path).evaluation("SKU-000001")
    assert OfflineEngine.NOTE in words(page_of(one)) and OfflineEngine.NOTE in str(one)


def test_texts_that_stay_on_disk_are_read_for_this_product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("feedeval.results.frames.results.IN_MEMORY_BYTES", 0)
    one = session_of(tmp_path).evaluation("SKU-000001")
    assert len(one.judgements) == 4 and "Product 1." in one.context


def test_nothing_of_a_hostile_product_is_more_than_text(tmp_path: Path) -> None:
    raw = {"title": HOSTILE["title"], "product_id": HOSTILE["id"], "product_url": HOSTILE["link"]}
    meta = {**raw, "evidence": HOSTILE["description"], "missing_core_fields": ["</style><script>", "$x$"]}
    shown = session_of(tmp_path, overrides={1: meta}).evaluation("SKU-000001")
    page = page_of(shown)
    kinds = {"div", "p", "em", "b", "br", "span", "table", "thead", "tbody", "tr", "th", "td", "bdi"}
    assert {element.tag for element in page.iter()} <= kinds | {"details", "summary"}
    assert not [name for element in page.iter() for name in element.attrib if name.startswith("on")]
    assert not {"\x1b", "\u202e"} & set(shown._repr_html_() + str(shown))


def test_a_product_that_is_not_there_is_named_with_some_that_are(session: Session, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no product 'SKU-7' that is done; there are SKU-000000, SKU-000001"):
        session.evaluation("SKU-7")
    with pytest.raises(InputError, match="no product that is done yet"):
        session_of(tmp_path / "empty", complete=0).evaluation("SKU-7")
    write_shadow_session(tmp_path / "shadow")
    with pytest.raises(InputError, match="is no audit of products"):
        load_session(output_dir=tmp_path / "shadow").evaluation("SKU-7")
