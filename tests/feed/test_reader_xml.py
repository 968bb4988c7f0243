"""Google Shopping XML, whole and broken."""

from __future__ import annotations

import pytest

from feedeval.errors import FeedError
from feedeval.feed.reader import iter_feed
from tests.feed.feeds import GOOGLE, item, read, rss


def test_rss_with_any_prefix_or_none_gives_the_same_product():
    expected = [{"id": "1", "title": "Lamp 1", "price": "9.50 EUR"}]
    assert read(rss(item(1)))[0] == expected
    assert read(rss(item(1)).replace("g:", "shop:").replace("xmlns:g", "xmlns:shop"))[0] == expected
    assert read(rss(item(1)).replace("g:", "").replace(f" {GOOGLE}", ""))[0] == expected


def test_atom_reads_links_and_summaries_in_its_own_way():
    atom = (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {GOOGLE}>\n<entry><title>Lamp</title><summary>Warm light</summary>'
        '<link rel="self" href="https://shop.example/api/1"/><link href="https://shop.example/1"/><g:id>1</g:id></entry></feed>'
    )
    (product,), _ = read(atom)
    assert product["link"] == "https://shop.example/1"
    assert product["description"] == "Warm light"
    assert product["link_self"] == "https://shop.example/api/1"


def test_rdf_is_read_as_rss():
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        f"{GOOGLE}>\n<item><title>Lamp</title><g:id>1</g:id></item></rdf:RDF>"
    )
    assert read(rdf)[0] == [{"id": "1", "title": "Lamp"}]


def test_googles_element_goes_before_rss_own_and_both_survive():
    (product,), _ = read(rss("<item><title>Plain</title><g:title>Full</g:title><g:id>1</g:id></item>"))
    assert product["title"] == "Full"
    assert product["plain_title"] == "Plain"


def test_repeated_and_nested_attributes_keep_their_structure():
    extra = (
        "<g:additional_image_link>https://i.example/a.jpg</g:additional_image_link>"
        "<g:shipping><g:country>DE</g:country><g:price>4 EUR</g:price></g:shipping>"
        "<g:shipping><g:country>AT</g:country><g:price>6 EUR</g:price></g:shipping>"
        "<g:product_detail><g:section_name>Light</g:section_name><g:attribute_name>Power</g:attribute_name>"
        "<g:attribute_value>9 W</g:attribute_value></g:product_detail>"
        "<g:question_and_answer><g:question>Dimmable?</g:question><g:answer>Yes</g:answer></g:question_and_answer>"
        "<g:made_up>kept</g:made_up>"
    )
    (product,), _ = read(rss(item(1, extra)))
    assert product["additional_image_link"] == ["https://i.example/a.jpg"]
    assert product["shipping"] == [{"country": "DE", "price": "4 EUR"}, {"country": "AT", "price": "6 EUR"}]
    assert product["product_detail"] == [{"section_name": "Light", "attribute_name": "Power", "attribute_value": "9 W"}]
    assert product["question_and_answer"] == [{"question": "Dimmable?", "answer": "Yes"}]
    assert product["made_up"] == "kept"


def test_product_detail_that_is_nested_twice_is_unwrapped():
    name, value = "<g:attribute_name>Power</g:attribute_name>", "<g:attribute_value>{}</g:attribute_value>"
    inner = f"<product_detail>{name}{value}</product_detail>"
    extra = f"<g:product_detail>{inner.format('9 W')}{inner.format('11 W')}</g:product_detail>"
    (product,), _ = read(rss(item(1, extra)))
    assert [detail["attribute_value"] for detail in product["product_detail"]] == ["9 W", "11 W"]


def test_an_attribute_that_should_not_repeat_becomes_a_list_only_where_it_does():
    first, second = read(
        rss(item(1, "<g:color>red</g:color>"), item(2, "<g:color>red</g:color><g:color>blue</g:color>"))
    )[0]
    assert first["color"] == "red"
    assert second["color"] == ["red", "blue"]


def test_empty_elements_have_no_key():
    (product,), _ = read(rss(item(1, "<g:description/><g:color>  </g:color><g:product_detail/>")))
    assert set(product) == {"id", "title", "price"}


def test_entities_escaped_twice_are_resolved_and_named():
    (product,), _ = read(rss(item(1, "<g:product_type>Home &amp;gt; Lamps</g:product_type>")))
    assert product["product_type"] == "Home > Lamps"
    assert product["_double_escaped"] == ["product_type"]


def test_html_in_a_description_is_left_for_the_checks():
    html = "<p>Oak &amp; brass</p>"
    (product,), _ = read(rss(item(1, f"<g:description><![CDATA[{html}]]></g:description>")))
    assert product["description"] == html
    assert "_double_escaped" not in product


def test_names_of_other_vocabularies_are_kept_apart():
    extra = '<media:title xmlns:media="http://search.yahoo.com/mrss/">Picture</media:title>'
    (product,), _ = read(rss(item(1, extra)))
    assert product["title"] == "Lamp 1"
    assert product["media_title"] == "Picture"


@pytest.mark.parametrize(
    ("broken", "color", "told"),
    [
        ("<g:color>salt & pepper</g:color>", "salt & pepper", 'Bare "&" read as text: 1, line 4'),
        ("<g:color>red\x0bbrown\x01</g:color>", "red brown", "Control characters removed: 2, line 4"),
        ("<g:color>red&#11;brown&#0;</g:color>", "red brown", "Control characters removed: 2, line 4"),
        ("<g:color>rouge&nbsp;fonc&eacute;</g:color>", "rouge\xa0foncé", "HTML entities"),
        ("<g:color>if 5 < 6</g:color>", "if 5 < 6", 'Bare "<" read as text: 1, line 4'),
        ("<g:color>red<br>blue</g:color>", "red<br>blue", "HTML tags"),
        ("<g:color>red</g:colour>", "red", "Products with broken markup, read as far as they go: 1, line 4"),
    ],
)
def test_a_fault_is_mended_where_it_is_and_told_with_its_line(broken: str, color: str, told: str):
    feed = rss(item(1), item(2, broken), item(3))
    products, warning = read(feed)
    assert [p["id"] for p in products] == ["1", "2", "3"]
    assert products[1]["color"] == color
    assert "3 products read" in warning
    assert told in warning
    with pytest.raises(FeedError, match="strict=True"):
        list(iter_feed(feed.encode(), strict=True))


def test_an_undeclared_prefix_is_read_as_googles():
    products, warning = read(rss(item(1), item(2)).replace(f" {GOOGLE}", ""))
    assert [p["title"] for p in products] == ["Lamp 1", "Lamp 2"]
    assert "prefix not declared" in warning
    assert "g:" in warning


def test_an_attribute_without_its_end_tag_does_not_swallow_the_next():
    products, warning = read(rss(item(1, "<g:color>red<g:size>M</g:size>"), item(2)))
    assert (products[0]["color"], products[0]["size"]) == ("red", "M")
    assert len(products) == 2
    assert "broken markup" in warning


def test_a_product_without_its_end_tag_does_not_swallow_the_next():
    products, _ = read(rss(item(1).replace("</item>", ""), item(2), item(3)))
    assert [p["id"] for p in products] == ["1", "2", "3"]


def test_a_feed_that_is_cut_off_gives_its_whole_products():
    whole = rss(item(1), item(2), item(3))
    products, warning = read(whole[: whole.index("Lamp 3")])
    assert [p["id"] for p in products] == ["1", "2"]
    assert "ends in the middle of a product, which was left out: 1, line 5" in warning
    products, warning = read(whole[: whole.index("</channel>")])
    assert len(products) == 3
    assert "ends before its root element does" in warning


def test_a_fault_outside_the_products_is_told_too():
    products, warning = read(rss(item(1), channel="Lamps & more"))
    assert len(products) == 1
    assert "outside the products" in warning


@pytest.mark.parametrize("declaration", ["", ' encoding="UTF-8"'])
def test_text_in_another_encoding_than_declared_is_read_right(declaration: str):
    feed = rss(item(1, "<g:color>grün und weiß</g:color>"), prolog=f'<?xml version="1.0"{declaration}?>')
    (product,), warning = read(feed.encode("cp1252"))
    assert product["color"] == "grün und weiß"
    assert "cp1252" in warning


def test_utf8_that_is_declared_latin1_is_read_right():
    feed = rss(item(1, "<g:color>grün, weiß, föhn</g:color>"), prolog='<?xml version="1.0" encoding="ISO-8859-1"?>')
    (product,), warning = read(feed.encode())
    assert product["color"] == "grün, weiß, föhn"
    assert "UTF-8" in warning


def test_stray_bytes_among_good_text_are_read_as_windows_1252():
    feed = rss(item(1, "<g:color>grün</g:color>"), item(2, "<g:color>gr@n</g:color>")).encode().replace(b"@", b"\xfc")
    products, warning = read(feed)
    assert [p["color"] for p in products] == ["grün", "grün"]
    assert "line 4" in warning


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_byte_order_marks_and_utf16_are_understood(encoding: str):
    feed = rss(item(1, "<g:color>grün</g:color>"), prolog="")
    (product,), warning = read(feed.lstrip().encode(encoding))
    assert product["color"] == "grün"
    assert not warning


@pytest.mark.parametrize(
    "subset",
    [
        '[<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;">]',
        '[<!ENTITY f SYSTEM "file:///etc/hostname">]',
        '[<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;]',
        '[<!-- <rss --><!ENTITY a "lol">]',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_declared_entities_are_refused(subset: str, encoding: str):
    feed = rss(item(1, "<g:color>&a;</g:color>"), prolog=f"<!DOCTYPE rss {subset}>")
    with pytest.raises(FeedError, match=r"[Nn]othing was expanded"):
        list(iter_feed(feed.encode(encoding)))


def test_a_doctype_without_entities_is_harmless_and_nothing_is_fetched():
    feed = rss(item(1), prolog='<!DOCTYPE rss PUBLIC "-//N//DTD RSS 0.91//EN" "http://127.0.0.1:1/rss.dtd">')
    assert len(read(feed)[0]) == 1


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("<!DOCTYPE html><html><body>Not found</body></html>", "an HTML page"),
        ("<listings><listing><vehicle_id>1</vehicle_id></listing></listings>", "vehicle"),
        ('<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url/></urlset>', "sitemap"),
        ("<rss><channel></channel></rss>", "without a single product"),
        ("<Error><Code>AccessDenied</Code></Error>", "error message of a server .*AccessDenied"),
        (
            "<rss><channel><item><title>News</title><link>https://n.example</link><pubDate>x</pubDate></item></channel></rss>",
            "news",
        ),
        ('<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title>Post</title></entry></feed>', "news"),
    ],
)
def test_what_is_no_feed_is_named(content: str, found: str):
    with pytest.raises(FeedError, match=found) as raised:
        list(iter_feed(content.encode()))
    assert "feedeval reads" in str(raised.value)
