"""Cleaning, contexts, hashes and keys."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from feedeval.feed.reader import read_feed
from feedeval.feed.spec import stated_text
from feedeval.feed.text import (
    category_of,
    clean_text,
    clean_url,
    content_hash,
    descriptive_fields,
    make_context,
    record_keys,
)
from tests.costs import least_cpu_s


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("plain words", "plain words"),
        ("  two\t words \n\n third ", "two words\nthird"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("if a <b and c", "if a <b and c"),
        ("size <XL>", "size <XL>"),
        ("A&B; C &copy D", "A&B; C &copy D"),
        ("<p>Soft &amp; warm</p><ul><li>One</li><li>Two</li></ul>", "Soft & warm\nOne\nTwo"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<b>bold</b>er", "bolder"),
        ("<p>one\nsentence</p>", "one sentence"),
        (
            "<table><tr><td>Weight</td><td>5 kg</td></tr><tr><td>Height</td><td>3 cm</td></tr></table>",
            "Weight 5 kg\nHeight 3 cm",
        ),
        ("&lt;p&gt;twice&lt;/p&gt;", "twice"),
        ("&amp;lt;b&amp;gt;three&amp;lt;/b&amp;gt;", "three"),
        ("5 &lt; 6", "5 < 6"),
        ("<p>5 &lt; 6</p>", "5 < 6"),
        ("<![CDATA[<p>inside</p>]]>", "inside"),
        ("a<script>alert('<p>')</script><style>p{}</style>b", "ab"),
        ("a<!-- hidden -->b", "ab"),
        ('<a href="x" title="a > b">link</a> text', "link text"),
        ("no\u00a0break \u3000wide", "no break wide"),
        ("hid\u200bden\u00ad \ufeffmarks\u2060", "hidden marks"),
        ("left\u202eright\u202c \u2066x\u2069", "leftright x"),
        ("tags\U000e0049\U000e0067", "tags"),
        ("joi\u200dned", "joined"),
        ("👩‍👩‍👧 and ❤️ stay", "👩‍👩‍👧 and ❤️ stay"),
        ("می‌خواهم", "می‌خواهم"),
        ("bell\x07 and\x0bline", "bell and\nline"),
        ("caf&eacute; &#8364;5 &#x1F600;", "café €5 😀"),
        ("Oak.<style>.card{width:50%}</style> Ash.", "Oak. Ash."),
        ("Oak.<script>var box = {width: 5};</script> Ash.", "Oak. Ash."),
        (".card { margin: 0 auto; width: 50%; } Oak top", "Oak top"),
        ("Oak top p{color:red;width:50%} Ash legs", "Oak top\nAsh legs"),
        ("@media (max-width: 600px) { .a { width: 50%; } .b{height:10px} } Oak", "Oak"),
        ("#s .card, h2 > a:hover {\n color: #fff;\n width: 50px !important;\n}\nOak", "Oak"),
        ("/* page */ .t { color: red } Oak", "Oak"),
        ("table {width: 120 cm; height: 75 cm}", "table {width: 120 cm; height: 75 cm}"),
        ("Size {S; M; L} and {name}", "Size {S; M; L} and {name}"),
        ("Set { 4 pieces: red; blue }", "Set { 4 pieces: red; blue }"),
        ("", ""),
    ],
)
def test_clean_text(raw: str, clean: str):
    assert clean_text(raw) == clean


PIECES = [
    "&",
    "&amp;",
    "&lt;",
    "&gt;",
    "<b>",
    "</b>",
    "<p>",
    "<br>",
    "<",
    ">",
    "a",
    " ",
    "\n",
    "5",
    "&#38;",
    "<li>",
    "\u200b",
    "\u200d",
    "é",
    '"',
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example("&amp;amp;amp;amp;amp;amp;amp;amp;lt;b&gt;")
def test_cleaning_what_is_clean_changes_nothing(raw: str):
    once = clean_text(raw)
    assert clean_text(once) == once


@settings(max_examples=200, deadline=None)
@given(
    st.text(
        alphabet=st.characters(exclude_characters="&<{", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), max_size=80
    )
)
def test_no_word_of_plain_text_is_lost(raw: str):
    invisible = "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\U000e0000-\U000e0fff]"
    assert clean_text(raw).split() == re.sub(invisible, "", raw).split()


@pytest.mark.parametrize(
    "hostile",
    [
        '<p "' * 25_000,
        "<p " + "a " * 50_000,
        "&amp;" * 20_000,
        "<" * 100_000,
        "<div><b>" * 12_000,
        "<!--" * 25_000,
        "p{a:b}" * 16_000,
        ".a " * 33_000 + "{}",
    ],
)
def test_hostile_markup_costs_not_much_more_than_any_other(hostile: str):
    # Tags that are all nested cost the parser thirty times as much; a search that tries every end for every
    # beginning would cost thousands of times as much.
    harmless = "<p>A tent &amp; its <b>poles</b>.</p> " * 2_700
    assert least_cpu_s(lambda: clean_text(hostile)) < 300 * least_cpu_s(lambda: clean_text(harmless))


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://s.example/p?utm_source=x&id=5&gclid=1#top", "https://s.example/p?id=5#top"),
        ("https://s.example/p?UTM_Medium=x", "https://s.example/p"),
        ("https://s.example/p?a=1&b=%20&a=2", "https://s.example/p?a=1&b=%20&a=2"),
        (" https://s.example/p ", "https://s.example/p"),
        ("no address ? utm_source=x", "no address ? utm_source=x"),
        ("http://[bad?fbclid=1&x=2", "http://[bad?x=2"),
    ],
)
def test_clean_url_takes_off_tracking_alone(url: str, clean: str):
    assert clean_url(url) == clean


@pytest.mark.parametrize(
    ("product", "category"),
    [
        ({"product_type": "Home &gt; Lamps", "google_product_category": "594"}, "Home > Lamps"),
        ({"product_type": ["Home>Lamps", "Sale"]}, "Home > Lamps"),
        ({"product_type": "", "google_product_category": "Home & Garden › Lighting"}, "Home & Garden > Lighting"),
        ({"google_product_category": "166"}, "Apparel & Accessories"),
        ({"google_product_category": "99999999"}, "99999999"),
        ({"category": "lamps"}, "lamps"),
        ({"title": "Lamp"}, ""),
    ],
)
def test_category_of(product: dict, category: str):
    assert category_of(product) == category


LAMP = {
    "id": "1",
    "title": "Lamp",
    "description": "<p>Warm light.</p>",
    "link": "https://s.example/1",
    "image_link": "https://i.example/1",
    "manual": "https://s.example/manual.pdf",
    "price": "9.50 EUR",
    "gtin": "4006381333931",
    "custom_label_0": "bestseller",
    "cost_of_goods_sold": "3 EUR",
    "finish": "matt",
    "product_highlight": ["Dims", "Oak foot"],
    "product_detail": [
        {"section_name": "Light", "attribute_name": "Power", "attribute_value": "9 W"},
        {"attribute_name": "Foot", "attribute_value": "oak"},
    ],
    "question_and_answer": [{"question": "Dimmable?", "answer": "Yes"}],
    "shipping": [{"country": "DE", "service": "DHL", "price": "4 EUR", "max_transit_time": "3"}],
    "dimensions": {"width": "15", "height": "40"},
    "reviews": [{"reviewer_email": "x@example.org"}],
    "_double_escaped": ["title"],
}


def test_descriptive_fields_are_what_a_buyer_can_read():
    expected = [
        "title",
        "description",
        "price",
        "finish",
        "product_highlight",
        "product_detail",
        "question_and_answer",
        "shipping",
        "dimensions",
    ]
    assert descriptive_fields([LAMP]) == expected
    frame = read_feed(b"id,title,price,color\n1,Lamp,9,\n2,Vase,,red\n3,Bowl,,\n")
    assert descriptive_fields(frame) == ["title", "price", "color"]


def test_a_context_reads_like_text():
    context = make_context(LAMP, None)
    assert context.get("description") == "Warm light."
    assert context.get("product_highlight") == "Dims\nOak foot"
    assert context.get("product_detail") == "Light / Power: 9 W\nFoot: oak"
    assert context.get("question_and_answer") == "Q: Dimmable?\nA: Yes"
    assert context.get("shipping") == "DE DHL 4 EUR max transit time 3"
    assert context.get("dimensions") == "width: 15, height: 40"
    assert "gtin" not in context.text
    assert [f.name for f in make_context(LAMP, ["price", "title", "nothing"]).fields] == ["price", "title"]


def test_structured_texts_read_as_title_and_description():
    product = {
        "structured_description": {"digital_source_type": "default", "content": "Keeps <b>rain</b> out."},
        "structured_title": {"digital_source_type": "trained_algorithmic_media", "content": "Oilskin coat Fjara"},
        "price": "90 EUR",
    }
    context = make_context(product, None)
    assert [(field.name, field.text) for field in context.fields] == [
        ("structured_title", "Oilskin coat Fjara"),
        ("structured_description", "Keeps rain out."),
        ("price", "90 EUR"),
    ]
    assert stated_text(product, "title") == "Oilskin coat Fjara"
    assert stated_text({**product, "title": "Coat"}, "title") == "Coat"


def test_a_context_is_cut_at_words_and_only_where_it_is_long():
    product = {"title": "Lamp", "description": "warm light " * 5_000, "color": "red"}
    context = make_context(product, None, max_chars=1_000)
    assert len(context.text) <= 1_000
    assert context.get("color") == "red"
    assert context.get("description").endswith("warm light […]") or context.get("description").endswith("warm […]")
    assert len(make_context({"title": "x" * 100_000}, None, max_chars=500).text) <= 500


@given(
    st.dictionaries(st.sampled_from(["title", "description", "color", "size"]), st.text(max_size=300), max_size=4),
    st.integers(100, 600),
)
def test_a_context_never_exceeds_its_limit(product: dict, limit: int):
    assert len(make_context(product, None, max_chars=limit).text) <= limit


def test_the_hash_changes_with_every_part_and_with_nothing_else():
    base = {"title": "Lamp", "description": "Warm", "product_type": "Home"}
    fields = list(base)
    hashes = {
        content_hash(make_context(p, fields))
        for p in (base, {**base, "title": "Lamps"}, {**base, "product_type": "Hall"})
    }
    assert len(hashes) == 3
    assert content_hash(make_context({**base, "price": "9"}, fields)) == content_hash(make_context(base, fields))
    moved = content_hash(make_context({"title": "LampW", "description": "arm", "product_type": "Home"}, fields))
    assert moved not in hashes
    assert all(re.fullmatch("[0-9a-f]{32}", h) for h in hashes)


def test_keys_are_unique_and_stable():
    feed = [{"id": "a"}, {"id": "a"}, {"id": "a#2"}, {"title": "x"}, {"title": "x"}, {"id": "a"}, {"title": "y"}]
    keys = list(record_keys(feed))
    assert keys[:3] == ["a", "a#2", "a#2#2"]
    assert re.fullmatch(r"no-id-[0-9a-f]{8}", keys[3])
    assert keys[4] == keys[3] + "#2"
    assert len(set(keys)) == len(feed)
    assert keys == list(record_keys(feed))
