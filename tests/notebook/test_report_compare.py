"""The report of a comparison: complete, and inert whatever a feed holds."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import lxml.etree
import lxml.html
import pytest

import feedeval as fe
from feedeval.errors import InputError
from tests.notebook.hostile import HOSTILE
from tests.notebook.test_report import ACTIVE, CONTROL
from tests.results.audits import QUESTIONS, Planted, write

NASTY = {"Garden": ((HOSTILE["title"], "Care", True), *QUESTIONS[1:])}


def compared(folder: Path) -> fe.Comparison:
    products = {"A": "nnn", "B": "yyy", HOSTILE["id"]: "nnn", "OLD": "yyn"}
    categories = {HOSTILE["id"]: "Garden"}
    before = Planted(products, questions=NASTY, categories=categories, source={"path": "/shops/acme/<feed>.xml"})
    after = {"A": "yyn", "B": "nyy", HOSTILE["id"]: "ypn", HOSTILE["brand"]: "nnn", "LOST": ""}
    first = write(folder, before)
    return fe.compare(first, write(folder, dataclasses.replace(before, verdicts=after, sid="20261105_090000")))


def test_it_says_what_changed_and_runs_nothing(tmp_path: Path) -> None:
    path = fe.report(compared(tmp_path), tmp_path / "changes.html")
    source = path.read_text(encoding="utf-8")
    assert not CONTROL.search(source) and "/shops/acme" not in source
    page = lxml.html.fromstring(source)
    for element in page.iter(lxml.etree.Element):
        assert element.tag not in ACTIVE
        assert not any(name.startswith("on") for name in element.attrib)
        assert not str(element.get("href", "")).lower().startswith("javascript")
    text = " ".join(page.text_content().split())
    assert "<script>alert(1)</script>" in text
    assert page.xpath("//h1")[0].text_content() == "What changed: <feed>.xml"
    headings = [heading.text_content() for heading in page.xpath("//h2")]
    assert headings[:4] == [
        "Where it changed",
        "Which questions",
        "Products that got better",
        "Products that got worse",
    ]
    assert "New products" in headings and "Products that are gone" in headings
    assert "open → answered: What is it made of? (required)" in text
    assert "answered → open: What is it made of? (required)" in text
    assert len(page.xpath("//figure")) == 2


def test_nothing_changed_is_said_and_empty_sections_are_left_out(tmp_path: Path) -> None:
    session = write(tmp_path, Planted({"A": "nnn", "B": "yyy"}))
    path = fe.report(fe.compare(session, session), tmp_path / "same.html")
    page = lxml.html.fromstring(path.read_text(encoding="utf-8"))
    assert "Nothing changed: 2 products" in page.text_content()
    assert not page.xpath("//section[@id='better' or @id='worse' or @id='new' or @id='gone']")


def test_the_figures_of_many_products_are_cut_to_the_first(tmp_path: Path) -> None:
    keys = [f"P{n:03d}" for n in range(60)]
    first = write(tmp_path, Planted(dict.fromkeys([*keys, *(f"OLD{n}" for n in range(30))], "nnn")))
    later = write(tmp_path, Planted(dict.fromkeys(keys, "ynn"), sid="20261105_090000"))
    path = fe.report(fe.compare(first, later), tmp_path / "many.html")
    text = " ".join(lxml.html.fromstring(path.read_text(encoding="utf-8")).text_content().split())
    assert "And 52 more." in text and "And 10 more." in text
    assert len(re.findall(r"<article>", path.read_text(encoding="utf-8"))) == 8


def test_only_an_html_file_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ends in \.html"):
        fe.report(compared(tmp_path), tmp_path / "changes.pdf")
