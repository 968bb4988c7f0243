"""What `check_feed` returns is a frame for code, and a list of what to do for a reader."""

from __future__ import annotations

import io
import pickle
import re
from copy import copy, deepcopy

import lxml.html
import pandas as pd
import pytest

from feedeval.feed.checks.check_feed import catalogue, check_feed
from feedeval.feed.checks.findings import COLUMNS
from feedeval.feed.checks.findings_frame import FIRST_ROWS, Findings, by_check
from tests.feed.check_cases import CLEAN
from tests.notebook.hostile import HOSTILE

SPOILT = {**CLEAN, "id": "B-2", "price": "", "title": "BEST PRICE"}
FEED = [{**CLEAN, "id": "A-1"}, SPOILT, {**SPOILT, "id": "C-3"}]


@pytest.fixture(scope="module")
def findings() -> Findings:
    return check_feed(FEED, locale="en-GB")


def page_of(findings: pd.DataFrame) -> lxml.html.HtmlElement:
    return lxml.html.fromstring(findings._repr_html_())  # type: ignore[operator]


def words(findings: pd.DataFrame) -> str:
    return " ".join(page_of(findings).text_content().split())


def test_findings_are_shown_by_kind_with_what_to_do(findings: Findings) -> None:
    errors, warnings = (int((findings["severity"] == name).sum()) for name in ("error", "warning"))
    said = words(findings)
    assert said.startswith(f"3 products checked against the rules of Google: {len(findings)} findings")
    assert f"✖\ufe0e {errors} errors · ▲ {warnings} warnings" in said and "in 2 products" in said
    rows = page_of(findings).xpath("(//table)[1]/tbody/tr")
    assert len(rows) == findings["check"].nunique()
    assert rows[0].xpath("string(td[1])") == "✖\ufe0e\xa0error", "the gravest first"
    fixes = set(catalogue().set_index("check").loc[findings["check"].unique(), "fix"])
    assert {row.xpath("string(td[5])") for row in rows} == fixes
    assert "B-2: " in rows[0].xpath("string(td[4])")


def test_the_first_findings_are_shown_one_by_one() -> None:
    many = check_feed([{**SPOILT, "id": f"P-{n}"} for n in range(40)], locale="en-GB")
    listed = page_of(many).xpath("//details//tbody/tr")
    assert len(listed) == FIRST_ROWS
    assert f"The first 20 of {len(many)} findings" in words(many)
    assert len(many._repr_html_() or "") < 20_000


def test_a_clean_feed_is_said_to_be_clean() -> None:
    clean = check_feed([CLEAN], locale="en-GB")
    assert clean.empty
    assert words(clean) == "1 product checked against the rules of Google: nothing found"


def test_nothing_of_a_hostile_feed_is_more_than_text() -> None:
    page = page_of(check_feed([HOSTILE]))
    kinds = {"div", "p", "table", "thead", "tbody", "tr", "th", "td", "bdi", "a", "details", "summary", "code"}
    assert {element.tag for element in page.iter()} <= kinds
    assert not [name for element in page.iter() for name in element.attrib if name.startswith("on")]
    assert all(address.startswith("http") for address in page.xpath("//@href"))
    assert not re.search("[\x00-\x08\x1b\u202e]", lxml.html.tostring(page, encoding="unicode"))


def test_it_is_an_ordinary_frame_for_code(findings: Findings) -> None:
    assert isinstance(findings, pd.DataFrame) and tuple(findings.columns) == COLUMNS
    ordinary = pd.DataFrame(findings)
    derived = [
        findings[findings["severity"] == "error"],
        findings[["field", "check"]],
        findings.head(1),
        findings.copy(),
        findings.sort_values("field"),
        findings.groupby("severity").size().to_frame(),
        findings.merge(findings, on="check"),
        findings.drop(columns="value"),
        pd.concat([findings, findings]),
        *(group for _, group in findings.groupby("check")),
        *(copy(findings), deepcopy(findings), findings.assign(more=1), findings.reset_index()),
    ]
    assert {type(frame) for frame in derived} == {pd.DataFrame}
    assert findings.copy().attrs == findings.attrs
    pd.testing.assert_frame_equal(findings, ordinary)
    assert findings.to_csv(index=False) == ordinary.to_csv(index=False)
    pd.testing.assert_frame_equal(
        pd.read_csv(io.StringIO(findings.to_csv(index=False)), keep_default_na=False), ordinary
    )
    assert repr(findings) == repr(ordinary)
    assert findings.to_html() == ordinary.to_html()


def test_it_is_pickled_with_all_that_it_shows(findings: Findings) -> None:
    again = pickle.loads(pickle.dumps(findings))
    assert type(again) is Findings and again._repr_html_() == findings._repr_html_()


def test_what_was_pickled_before_its_module_moved_is_still_read(findings: Findings) -> None:
    now, before = b"feedeval.feed.checks.findings_frame\n", b"feedeval.feed.findings_view\n"
    by_name = pickle.dumps(findings, protocol=2)
    assert now in by_name
    again = pickle.loads(by_name.replace(now, before))
    assert type(again) is Findings and again._repr_html_() == findings._repr_html_()


def test_a_frame_that_was_changed_in_place_shows_its_rows(findings: Findings) -> None:
    fewer, other, bare = (pickle.loads(pickle.dumps(findings)) for _ in range(3))
    del fewer["value"]
    other.loc[0, "severity"] = "my own"
    bare.attrs.clear()
    for frame in (fewer, other, bare, findings.T):
        assert frame._repr_html_() == pd.DataFrame(frame)._repr_html_()  # type: ignore[operator]
    with pd.option_context("display.notebook_repr_html", False):
        assert findings._repr_html_() is None


def test_several_destinations_and_what_they_do_stand_beside_each_finding() -> None:
    found = check_feed([SPOILT], targets=["google", "meta"], locale="en-GB")
    said = words(found)
    assert said.startswith("1 product checked against the rules of Google and Meta: ")
    heads = [page_of(found).xpath(f"(//table)[{table}]//th/text()") for table in (1, 2)]
    assert all("Destination" in names for names in heads)
    assert "Google, Meta" in said
    stated = found.assign(consequence="disapproved", since=["2020-01-31", *["2099-01-31"] * (len(found) - 1)])
    shown = Findings(stated)
    shown.attrs.update(found.attrs)
    assert "not shown (disapproved) from 2099-01-31" in words(shown)
    assert "not shown (disapproved) since 2020-01-31" in words(shown)


def test_a_frame_of_a_version_that_knew_one_destination_is_shown_as_before(findings: Findings) -> None:
    old = Findings(findings.drop(columns=["target", "consequence", "since"]))
    old.attrs["feedeval"] = {name: findings.attrs["feedeval"][name] for name in ("target", "language", "products")}
    assert words(old).startswith("3 products checked against the rules of Google: ")
    assert not {"Destination", "Consequence"} & set(page_of(old).xpath("//th/text()"))


def test_a_consequence_names_the_destination_where_others_do_not_say_the_same() -> None:
    less = "shown less often, or without a feature"
    lacking = [{**CLEAN, "brand": None, "seller_name": "S"}]
    together = by_check(check_feed(lacking, targets=["google", "meta"]))
    assert together.loc["missing_brand", "consequences"] == f"Google: {less}"
    assert by_check(check_feed(lacking, target="google")).loc["missing_brand", "consequences"] == less
    untitled = by_check(check_feed([{**CLEAN, "title": None}], targets=["google", "meta"]))
    assert untitled.loc["missing_required", "consequences"] == "not shown (disapproved)"
