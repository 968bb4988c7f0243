"""The report is one file that a client can open: complete, self-contained, and inert whatever a feed holds."""

from __future__ import annotations

import re
import stat
import warnings
from pathlib import Path

import lxml.etree
import lxml.html
import pytest
from matplotlib import pyplot as plt

import feedeval as fe
from feedeval.errors import InputError, StorageError
from feedeval.feed.parsing.faults import FeedWarning
from feedeval.jobs.offline.engine import OfflineEngine
from feedeval.notebook.report.report import report
from feedeval.notebook.report.sections import source_name
from feedeval.records import Status
from feedeval.results.session import Session, load_session
from tests.e2e.support import make_feed, write_jsonl
from tests.notebook.hostile import HOSTILE
from tests.results.audits import Planted, write
from tests.results.factory import Plan, write_session, write_shadow_session

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
ACTIVE = {"script", "iframe", "object", "embed", "form", "input", "base", "svg", "link", "frame", "audio", "video"}


def audited(folder: Path, products: list[dict[str, str]]) -> Session:
    """Audit a feed that is on disk, so that it can be read again, with the embedded engine."""
    folder.mkdir(exist_ok=True)
    feed = write_jsonl(folder / "feed.jsonl", products)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FeedWarning)
        evaluator = fe.ProductFeedEvaluator(model="offline", output_dir=folder / "output")
        evaluator.evaluate_products_batch(feed, progress="none", batch_size=2)
    return load_session(output_dir=folder / "output")


def parsed(path: Path) -> lxml.html.HtmlElement:
    return lxml.html.fromstring(path.read_text(encoding="utf-8"))


def words(page: lxml.html.HtmlElement) -> str:
    return " ".join(page.text_content().split())


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    session = audited(folder, [HOSTILE, *make_feed(4)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FeedWarning)
        return report(session, folder / "report.html")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a session whose files hold hostile text as it is, uncleaned: a model or a person wrote them."""
    folder = tmp_path_factory.mktemp("stored")
    raw = {"title": HOSTILE["title"], "product_id": HOSTILE["id"], "product_url": HOSTILE["link"]}
    meta = {**raw, "evidence": HOSTILE["description"], "missing_core_fields": ["</style><script>", "$x$"]}
    write_session(folder, Plan(products=6, batch_size=3, overrides=dict.fromkeys(range(6), meta)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FeedWarning)
        return report(load_session(output_dir=folder), folder / "report.html", feed=[HOSTILE])


@pytest.fixture(scope="module", params=["audited", "stored"])
def any_page(request: pytest.FixtureRequest, hostile: Path, stored: Path) -> lxml.html.HtmlElement:
    return parsed(hostile if request.param == "audited" else stored)


@pytest.fixture(scope="module")
def page(hostile: Path) -> lxml.html.HtmlElement:
    return parsed(hostile)


def test_nothing_in_it_acts(any_page: lxml.html.HtmlElement) -> None:
    assert not {element.tag for element in any_page.iter(lxml.etree.Element)} & ACTIVE
    for element in any_page.iter(lxml.etree.Element):
        for name, value in element.attrib.items():
            assert not name.startswith("on"), f"{element.tag} {name}={value}"
            assert "javascript:" not in value.lower() or name == "alt", f"{element.tag} {name}={value}"
    policy = any_page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert len(policy) == 1 and policy[0].startswith("default-src 'none'")


def test_it_needs_nothing_but_itself(any_page: lxml.html.HtmlElement) -> None:
    for element in any_page.iter(lxml.etree.Element):
        for name in ("src", "srcset", "href", "data", "poster", "background", "action"):
            address = element.get(name)
            if address is None or (element.tag == "a" and address.startswith(("#", "https://shop.example/"))):
                continue
            assert address.startswith("data:image/svg+xml;base64,"), f"{element.tag} {name}={address[:80]}"
    (style,) = any_page.xpath("//style")
    assert "url(" not in style.text and "@import" not in style.text
    assert not any("url(" in value for value in any_page.xpath("//@style"))


def test_each_plot_is_there_once_as_words_beside_bars(any_page: lxml.html.HtmlElement) -> None:
    titles = any_page.xpath("//figure/figcaption/text()")
    assert len(titles) >= 3 and len(set(titles)) == len(titles)
    assert not any_page.xpath("//img | //picture")
    for row in any_page.xpath("//figure//*[@class='bar']"):
        assert row.xpath("string(*[@class='of'])").strip() and row.xpath("*[@class='track']/@aria-hidden") == ["true"]


def test_what_a_stranger_wrote_is_shown_as_text(hostile: Path, stored: Path) -> None:
    text = words(parsed(stored))
    assert "<script>alert(1)</script></style><img src=x onerror=alert(2)>" in text
    assert "<svg onload=alert(3)>" in text and "100 % cotton</style><script>alert(4)</script> $x^$" in text
    assert '=HYPERLINK("https://evil.example","x")' in text
    for path in (hostile, stored):
        assert not CONTROL.search(path.read_text(encoding="utf-8"))
        assert not parsed(path).xpath("//a[contains(@href, 'evil') or contains(@href, 'alert')]")


def test_products_link_to_the_shop(page: lxml.html.HtmlElement) -> None:
    links = page.xpath("//article//a")
    assert links and all(link.get("href").startswith("https://shop.example/p/") for link in links)
    assert all("noopener" in link.get("rel") for link in links)


def test_a_client_finds_scores_products_quotes_gaps_findings_and_how_to_read_them(
    page: lxml.html.HtmlElement, hostile: Path
) -> None:
    text = words(page)
    session = load_session(output_dir=hostile.parent / "output")
    done = session.results[session.results["status"] == "done"]
    assert f"{done['coverage_pct'].mean():.0f} % of buyers’ questions" in " ".join(
        " ".join(tile.itertext()) for tile in page.xpath("//div[@class='tile']")
    )
    titles = page.xpath("//h2/text()")
    assert titles == [
        *("What to do first", "What Google would refuse or object to", "Products, worst first"),
        *("How much the feed answers", "How the audit ran", "How to read the scores"),
    ]
    assert page.xpath("//nav/a/@href") == [f"#{anchor}" for anchor in page.xpath("//section/@id")]
    quotes = [" ".join(quote.text_content().split()) for quote in page.xpath("//article//q")]
    assert quotes and set(quotes) <= {" ".join(q.split()) for q in session.judgements["evidence"]}
    assert OfflineEngine.NOTE in text
    assert page.xpath("//section[@id='actions']//*[@class='fe-card']")
    for section in ("findings", "products", "questions", "run"):
        assert page.xpath(f"//section[@id='{section}']//tbody/tr")


def test_findings_come_gravest_first_with_what_to_do(page: lxml.html.HtmlElement) -> None:
    severities = [cell.split()[-1] for cell in page.xpath("//section[@id='findings']//tbody/tr/td[1]/text()")]
    assert severities[0] == "error"
    assert severities == sorted(severities, key=["error", "warning", "info"].index)
    fixes = page.xpath("//section[@id='findings']//tbody/tr/td[3]/span/text()")
    assert len(fixes) == len(severities) and all(fix.endswith(".") for fix in fixes)


def test_no_figure_stays_behind(hostile: Path) -> None:
    assert hostile.is_file() and plt.get_fignums() == []


def test_a_feed_that_cannot_be_read_again_is_said_without_naming_folders(tmp_path: Path) -> None:
    session = audited(tmp_path / "confidential", make_feed(2))
    (tmp_path / "confidential" / "feed.jsonl").unlink()
    with pytest.warns(FeedWarning, match="the report has no findings: .*feed.jsonl is not there any more"):
        path = report(session, tmp_path / "report.html")
    text = path.read_text(encoding="utf-8")
    assert "Findings are left out, because the feed could not be read again." in text
    assert "confidential" not in text and str(tmp_path) not in text
    assert "Feed audit: feed.jsonl" in text


def test_a_feed_that_has_changed_or_is_given_is_checked(tmp_path: Path) -> None:
    session = audited(tmp_path / "feed", make_feed(2))
    given = report(session, tmp_path / "given.html", feed=make_feed(3))
    assert "The feed has changed since the audit: 2 products then, 3 now." in words(parsed(given))
    unchecked = report(session, tmp_path / "unchecked.html", check=False)
    assert "The feed was not checked." in words(parsed(unchecked))
    assert "has changed" not in words(parsed(unchecked))


def test_an_address_is_shown_without_what_may_be_a_key(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=2))
    session = load_session(output_dir=tmp_path)
    source = {"url": "https://user:secret@shop.example/feeds/de.xml?token=secret#secret"}
    session.__dict__["progress"] = session.progress.model_copy(update={"settings": {"source": source}})
    assert source_name(session) == "shop.example/feeds/de.xml"


def test_a_session_that_failed_in_part_and_was_stopped_says_so(tmp_path: Path) -> None:
    plan = Plan(products=60, batch_size=10, failed=(3, 4, 17), engine="gpt-4o-mini", status=Status.STOPPED, complete=5)
    write_session(tmp_path, plan)
    text = words(parsed(report(load_session(output_dir=tmp_path), tmp_path / "report.html", check=False)))
    assert "This audit is not finished: 47 of 60 done, 3 failed, 10 left" in text
    assert "unusable reply" in text and "the reply did not fit the schema, twice" in text
    assert "$0.02" in text or "$0.0188" in text
    assert "gpt-4o-mini" in text and "language model was asked" not in text


def test_a_session_without_any_result_gets_a_report_too(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=2, batch_size=2, failed=(0, 1), engine="gpt-4o-mini"))
    page = parsed(report(load_session(output_dir=tmp_path), tmp_path / "report.html", check=False))
    assert "No product has been evaluated yet" in words(page)
    assert page.xpath("//h2/text()") == [
        *("What a destination would refuse or object to", "Products, worst first"),
        *("How the audit ran", "How to read the scores"),
    ]


def test_an_old_report_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    write_session(tmp_path, Plan(products=4))
    session = load_session(output_dir=tmp_path)
    path = tmp_path / "report.html"
    path.write_text("old")
    assert report(session, path, check=False) == path
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not list(tmp_path.glob(".*tmp*"))
    with pytest.raises(StorageError, match="gone"):
        report(session, tmp_path / "gone" / "report.html", check=False)


@pytest.mark.parametrize("name", ["report.pdf", "report", "folder.html"])
def test_a_path_that_is_no_html_file_is_refused(tmp_path: Path, name: str) -> None:
    write_session(tmp_path, Plan(products=2))
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(InputError, match=r"ends in \.html"):
        report(load_session(output_dir=tmp_path), tmp_path / name, check=False)


def test_a_session_of_another_kind_is_refused(tmp_path: Path) -> None:
    write_shadow_session(tmp_path)
    with pytest.raises(InputError, match="of the kind shadow"):
        report(load_session(output_dir=tmp_path), tmp_path / "report.html")


def test_the_report_says_what_coverage_cannot_carry(tmp_path: Path) -> None:
    write(tmp_path, Planted({**{f"P{n}": "yyn" for n in range(19)}, "P19": "ynn"}))
    told = words(parsed(report(load_session(output_dir=tmp_path), tmp_path / "report.html", check=False)))
    assert "95 % of products have the same coverage: rank them by what they lack instead." in told


@pytest.fixture(scope="module")
def plain_shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The words of the report of a shop that says the same little of each of its products."""
    folder = tmp_path_factory.mktemp("plain")
    products = [
        {
            "id": f"0123456789-0123456789-{n}",
            "title": f"Tee Northwind {n}",
            "description": f"Tee Northwind {n}",
            "product_type": "Clothing > Tops > Tees",
        }
        for n in range(12)
    ]
    return report(audited(folder, products), folder / "report.html").read_text(encoding="utf-8")


def test_findings_begin_with_how_many_products_would_be_refused(page: lxml.html.HtmlElement, plain_shop: str) -> None:
    for shown in (page, lxml.html.fromstring(plain_shop)):
        text = " ".join(shown.xpath("string(//section[@id='findings']//p)").split())
        assert re.match(
            r"(\d+ products? would be refused|No product would be refused); (\d+ kinds?|no) (of )?warning", text
        )


def test_what_no_action_counts_is_named_before_the_actions(plain_shop: str) -> None:
    first = lxml.html.fromstring(plain_shop).xpath("string(//section[@id='actions']/p)")
    assert first.startswith("Not counted here: ") and "12 descriptions repeat the title" in first


def test_what_all_products_share_is_said_once_and_what_shares_a_row_unfolds(plain_shop: str) -> None:
    page = lxml.html.fromstring(plain_shop)
    told = page.xpath("string(//section[@id='products']/p)")
    assert "All 12 leave " in told and "To do for nearly all: " in told
    assert "Required open" not in page.xpath("//section[@id='products']//table[@class='products']//th/text()")
    folded = page.xpath("//table[@class='products']//details")
    assert folded and "0123456789-0123456789-5" in folded[0].text_content()
    assert page.xpath("//table[@class='products']//span[@title='0123456789-0123456789-0']")


def test_the_embedded_engine_has_one_name_and_no_bill(plain_shop: str) -> None:
    facts = lxml.html.fromstring(plain_shop).xpath("//section[@id='run']//tr")
    told = dict(tuple(cell.text_content() for cell in row.xpath("td")) for row in facts if row.xpath("td"))
    assert told["Judged by"] == "the embedded engine"
    assert not {"Calls of a model", "Tokens", "Cost", "Engine"} & set(told)


def test_all_and_none_are_said_in_words(plain_shop: str) -> None:
    tiles = [words(tile) for tile in lxml.html.fromstring(plain_shop).xpath("//div[@class='tile']")]
    assert "All 12products lack at least one answer that buyers need" in tiles


def test_the_shares_of_a_topic_sum_to_all_of_it(any_page: lxml.html.HtmlElement, plain_shop: str) -> None:
    for page in (any_page, lxml.html.fromstring(plain_shop)):
        figures = page.xpath("//figure[starts-with(figcaption, 'By topic')]//*[@class='of']/text()")
        assert figures and all(sum(map(int, re.findall(r"\d+", figure))) == 100 for figure in figures)
