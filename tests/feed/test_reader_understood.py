"""Values as the feed wrote them, and what was understood beside them."""

from __future__ import annotations

import pytest

from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.reader import products, read_feed
from feedeval.feed.text import content_hash, descriptive_fields, make_context
from tests.feed.feeds import item, read, rss


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", "in_stock"),
        ("TRUE", "in_stock"),
        ("1", "in_stock"),
        ("yes", "in_stock"),
        ("0", "out_of_stock"),
        ("false", "out_of_stock"),
        ("no", "out_of_stock"),
        ("https://schema.org/InStock", "in_stock"),
        ("http://schema.org/OutOfStock", "out_of_stock"),
        ("https://schema.org/BackOrder", "backorder"),
    ],
)
def test_an_availability_that_no_destination_takes_is_kept_and_found(written: str, meant: str):
    (product,), _ = read(rss(item(1, f"<g:availability>{written}</g:availability>")))
    assert product["availability"] == written
    assert product["_understood"] == {"availability": meant}
    found = check_feed([product])
    assert list(found[found["field"] == "availability"]["check"]) == ["unknown_value"]
    table = read_feed(f"id,title,price,availability\n1,Lamp,9 EUR,{written}\n".encode())
    assert table["availability"][0] == written


@pytest.mark.parametrize("name", ["in_stock", "In stock?", "in stock"])
@pytest.mark.parametrize(
    ("answer", "read_as"), [("1", "in_stock"), ("0", "out_of_stock"), ("ja", "in_stock"), ("12", "in_stock")]
)
def test_the_answer_in_a_column_that_asks_is_no_error_of_the_shop(name: str, answer: str, read_as: str):
    (product,), _ = read(f"id,title,price,{name}\n1,Lamp,9 EUR,{answer}\n")
    assert product["availability"] == read_as
    assert "_understood" not in product


@pytest.mark.parametrize("written", ["in_stock", "in stock", "sold", "12", "available soon"])
def test_what_says_itself_or_nothing_sure_has_no_note(written: str):
    (product,), _ = read(rss(item(1, f"<g:availability>{written}</g:availability>")))
    assert product["availability"] == written
    assert "_understood" not in product


def test_the_judge_sees_the_word_that_was_meant():
    (meant,), _ = read(rss(item(1, "<g:availability>true</g:availability>")))
    (plain,), _ = read(rss(item(1, "<g:availability>in_stock</g:availability>")))
    assert content_hash(make_context(meant, None)) == content_hash(make_context(plain, None))
    (address,), _ = read(rss(item(1, "<g:availability>https://schema.org/InStock</g:availability>")))
    assert content_hash(make_context(address, None)) == content_hash(make_context(plain, None))
    (used,), _ = read(rss(item(1, "<g:condition>https://schema.org/UsedCondition</g:condition>")))
    assert dict((field.name, field.text) for field in make_context(used, None).fields)["condition"] == "used"


def test_a_frame_is_understood_anew_after_a_change():
    frame = read_feed(rss(item(1, "<g:availability>https://schema.org/InStock</g:availability>")).encode())
    assert "availability" in descriptive_fields(frame)
    assert next(products(frame))["_understood"] == {"availability": "in_stock"}
    frame["availability"] = "false"
    assert next(products(frame))["_understood"] == {"availability": "out_of_stock"}
    frame["availability"] = "preorder"
    assert "_understood" not in next(products(frame))


TIMES = "shipping(country:region:service:price:min_handling_time:max_handling_time)"
TWO = [("CA", "Ground", "9.99 USD"), ("NY", "Air", "15.99 USD")]


@pytest.mark.parametrize(
    ("heading", "text", "expected"),
    [
        ("shipping", "US:CA:Ground:9.99 USD;US:NY:Air:15.99 USD;", TWO),
        ("shipping", "US:CA:Ground:9.99 USD,US:NY:Air:15.99 USD", TWO),
        (
            "shipping",
            "DE:BE:Post:4,90 EUR; DE:BY:Post:5,90 EUR",
            [("BE", "Post", "4,90 EUR"), ("BY", "Post", "5,90 EUR")],
        ),
        ("shipping", "US:CA:Ground; fast, UK:9,99 EUR", [("CA", "Ground; fast, UK", "9,99 EUR")]),
        ("shipping(country:price)", "DE:4,90 EUR,AT:6 EUR", [("", "", "4,90 EUR"), ("", "", "6 EUR")]),
        ("shipping(country:postal_code:price)", "US:94*:9 USD;US:1-2:8 USD", [("", "", "9 USD"), ("", "", "8 USD")]),
        (TIMES, "US:CA:Std:9 USD:1:2,US:NY:Std:8 USD:1:3", [("CA", "Std", "9 USD"), ("NY", "Std", "8 USD")]),
    ],
)
def test_entries_of_shipping_are_parted_by_commas_or_semicolons(heading: str, text: str, expected: list):
    (product,), _ = read(f"id\ttitle\tprice\t{heading}\n1\tLamp\t9 EUR\t{text}\n")
    found = [(each.get("region", ""), each.get("service", ""), each["price"]) for each in product["shipping"]]
    assert found == expected


TRANSLATED = {
    "shopify.csv": b"Handle,Title,Body (HTML),Vendor,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,"
    b"Variant Price\ncup,Blue cup,A cup,Acme,Title,Default Title,C-1,3,9.90\n",
    "offer.json": b'{"@context":"https://schema.org","@type":"Product","sku":"C-1","name":"Blue cup","offers":'
    b'{"@type":"Offer","price":"9.90","priceCurrency":"EUR","availability":"https://schema.org/InStock"}}',
    "heureka.xml": b"<SHOP><SHOPITEM><ITEM_ID>C-1</ITEM_ID><PRODUCTNAME>Blue cup</PRODUCTNAME><URL>https://a.example"
    b"</URL><PRICE_VAT>99</PRICE_VAT><DELIVERY_DATE>0</DELIVERY_DATE></SHOPITEM></SHOP>",
}


@pytest.mark.parametrize("content", TRANSLATED.values(), ids=TRANSLATED)
def test_how_a_word_is_spelled_that_the_reader_translated_is_no_fault_of_the_feed(content: bytes) -> None:
    frame = read_feed(content)
    assert frame["availability"].tolist() == ["in_stock"]
    assert frame.attrs["feedeval"]["translated"] == ["availability"]
    assert "value_form" not in set(check_feed(frame, targets=["meta", "pinterest"])["check"])


def test_how_a_feed_itself_spells_a_word_is_told() -> None:
    frame = read_feed(b"id,title,availability,price\nC-1,Blue cup,in_stock,9.90 EUR\n")
    assert "translated" not in frame.attrs["feedeval"]
    assert "value_form" in set(check_feed(frame, target="meta")["check"])
