"""Kinds of input that shops really have and that once came out wrong: each a small feed made up for the test."""
# ruff: noqa: E501 -- rows of tables are as long as they are

from __future__ import annotations

import warnings
from typing import Any

import pytest

from feedeval.errors import FeedError
from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.reader import read_feed

SUPPLEMENTAL = {
    "labels in a table": b"id\tcustom_label_0\tcustom_label_3\nB-1\tnew\tspring\nB-2\tlow\t\n",
    "labels in XML": b'<rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel>'
    b"<item><g:id>B-1</g:id><g:custom_label_1>new</g:custom_label_1></item>"
    b"<item><g:id>B-2</g:id><g:custom_label_1>old</g:custom_label_1></item></channel></rss>",
    "a pause": b"pause,id,excluded_destination\nads,B-1,\n,B-2,Shopping_ads\n",
}

GERMAN = """ID,Typ,Artikelnummer,Name,Veröffentlicht,Kurzbeschreibung,Beschreibung,Vorrätig?,Angebotspreis,Regulärer Preis,Kategorien,Bilder,Attribut 1 Name,Attribut 1 Wert(e)
5,simple,SCH-5,Schale Talgrund,1,,"Eine flache Schale aus Ton, innen glasiert.",1,"9,90","12,90",Küche > Schalen,https://schale.example/1.jpg,Farbe,Grau
"""
HEUREKA = """<SHOP><SHOPITEM><ITEM_ID>P-7</ITEM_ID><PRODUCTNAME>Deka Lesná</PRODUCTNAME><DESCRIPTION>Teplá deka.</DESCRIPTION>
<URL>https://deky.example/7</URL><IMGURL>https://deky.example/7.jpg</IMGURL><PRICE_VAT>499</PRICE_VAT></SHOPITEM></SHOP>"""
YML = """<yml_catalog date="2026-01-01"><shop><offers><offer id="k-3" available="true"><url>https://kruzhka.example/3</url>
<price>590</price><currencyId>RUB</currencyId><name>Кружка Сосна</name><vendor>Бор</vendor></offer></offers></shop></yml_catalog>"""
AWIN = """aw_deep_link,product_name,merchant_product_id,merchant_image_url,description,search_price,currency
https://awin.example/9,Mug Pine,M-9,https://mug.example/9.jpg,A mug of stoneware.,12.50,GBP
"""
PAGES = """ID,Item title,Final URL,Image URL,Item description,Price
T-1,Travel mug,https://mug.example/1,https://mug.example/1.jpg,Keeps tea hot.,14.00 EUR
"""
LINKED = """{"@context":"https://schema.org","@type":"Product","sku":"L-2","name":"Mug Pine","image":["https://mug.example/1.jpg",
"https://mug.example/2.jpg"],"offers":{"@type":"Offer","price":12.5,"priceCurrency":"GBP","availability":"InStock"}}"""
META = """id,title,description,availability,price,link,image_link,shipping
M-1,Mug,A mug of stoneware,in stock,12.50 USD,https://mug.example/1,https://mug.example/1.jpg,US:NY:Post:4.00 USD;US:CA:Air:9.00 USD
"""


def quietly(feed: bytes | str) -> list[dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = read_feed(feed.encode() if isinstance(feed, str) else feed)
    return [{str(k): v for k, v in row.items() if v is not None} for row in frame.to_dict("records")]


@pytest.mark.parametrize("kind", SUPPLEMENTAL)
def test_a_supplemental_feed_of_ids_and_what_is_added_is_read_and_clean(kind: str) -> None:
    assert [row["id"] for row in quietly(SUPPLEMENTAL[kind])] == ["B-1", "B-2"]
    assert check_feed(read_feed(SUPPLEMENTAL[kind]), supplemental=True).empty


@pytest.mark.parametrize(
    ("feed", "expected"),
    [
        (GERMAN, {"title": "Schale Talgrund", "description": "Eine flache Schale aus Ton, innen glasiert.", "color": "Grau"}),
        (HEUREKA, {"id": "P-7", "title": "Deka Lesná", "link": "https://deky.example/7", "image_link": "https://deky.example/7.jpg"}),
        (YML, {"id": "k-3", "title": "Кружка Сосна", "link": "https://kruzhka.example/3", "brand": "Бор"}),
        (AWIN, {"id": "M-9", "link": "https://awin.example/9", "image_link": "https://mug.example/9.jpg"}),
        (PAGES, {"link": "https://mug.example/1", "description": "Keeps tea hot.", "image_link": "https://mug.example/1.jpg"}),
        (LINKED, {"id": "L-2", "availability": "in_stock", "image_link": "https://mug.example/1.jpg",
                  "additional_image_link": ["https://mug.example/2.jpg"]}),
        (META, {"shipping": [{"country": "US", "region": "NY", "service": "Post", "price": "4.00 USD"},
                             {"country": "US", "region": "CA", "service": "Air", "price": "9.00 USD"}]}),
    ],
    ids=["German WooCommerce", "Heureka", "YML", "Awin", "Google Ads page feed", "JSON-LD", "Meta shipping"],
)  # fmt: skip
def test_exports_of_other_shops_are_read_as_attributes(feed: str, expected: dict[str, Any]) -> None:
    [product] = quietly(feed)
    assert {name: product.get(name) for name in expected} == expected


BASE = {"title": "Mug of stoneware with a lid", "description": "A mug of stoneware that keeps tea warm for an hour.",
        "link": "https://mug.example/1", "image_link": "https://mug.example/1.jpg", "price": "12.50 EUR",
        "availability": "in_stock", "brand": "Pine", "mpn": "P1", "condition": "new"}  # fmt: skip


def codes(**changes: str) -> set[tuple[str, str]]:
    product = {"id": "1", **BASE, **changes}
    text = "\t".join(product) + "\n" + "\t".join(product.values()) + "\n"
    found = check_feed(read_feed(text.encode()))
    return set(zip(found["check"], found["field"], strict=True))


@pytest.mark.parametrize("value", ["true", "1", "yes"])
def test_a_yes_is_no_availability_that_google_takes(value: str) -> None:
    assert ("unknown_value", "availability") in codes(availability=value)


@pytest.mark.parametrize("sign", ["\u200b", "\u00ad", "\ue000"])
def test_characters_that_nobody_sees_are_found(sign: str) -> None:
    assert codes(title=f"Mug of{sign} stoneware with a lid") - codes()


def test_a_product_in_two_stores_is_no_repeated_id() -> None:
    feed = b"store_code\tid\tquantity\tprice\tavailability\nN1\tB-1\t3\t9.00 EUR\tin_stock\nN2\tB-1\t0\t9.00 EUR\tout_of_stock\n"
    assert "duplicate_id" not in set(check_feed(read_feed(feed), supplemental=True)["check"])


def test_an_id_that_the_shop_never_gave_is_not_found_fault_with() -> None:
    handle = "wide-serving-bowl-of-stoneware-with-a-lid-of-oak-and-a-spoon"
    feed = f"Handle,Title,Body (HTML),Vendor,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src\n{handle},Bowl,A bowl,Pine,Size,Large,,30,\n{handle},,,,,Small,,20,\n"
    found = check_feed(read_feed(feed.encode()))
    assert found[(found["check"] == "too_long") & found["field"].isin(["id", "item_group_id"])].empty


@pytest.mark.parametrize(
    ("feed", "said", "not_said"),
    [
        ("<listings><listing><hotel_id>1</hotel_id><name>Inn</name></listing></listings>", "hotel", "cars"),
        ("<feed><reviews><review><review_id>1</review_id><content>Good.</content></review></reviews></feed>", "review", "Atom without"),
    ],
)  # fmt: skip
def test_a_catalogue_of_something_else_is_called_what_it_is(feed: str, said: str, not_said: str) -> None:
    with pytest.raises(FeedError) as caught:
        read_feed(feed.encode())
    assert said in str(caught.value)
    assert not_said not in str(caught.value)


@pytest.mark.parametrize(
    "feed",
    [
        "handleId,fieldType,name,description,productImageUrl,collection,sku,price,visible,inventory,productOptionName1,productOptionDescription1\n"
        "p1,Product,Apron,<p>An apron.</p>,a.jpg,Kitchen,AP,32.0,true,InStock,Color,#111111:Navy\np1,Variant,,,,,AP-N,0.0,true,4,,Navy\np1,Variant,,,,,AP-S,1.0,true,2,,Sand\n",
        "Item,ID,Name,Type,SKU,Price,Inventory Tracking,Current Stock\nProduct,10,Apron,physical,AP,32.00,variant,0\n"
        "Variant,11,,,AP-N,32.00,,4\nVariant,12,,,AP-S,33.00,,2\nImage,13,,,,,,\n",
    ],
    ids=["Wix", "BigCommerce"],
)
def test_rows_of_variants_are_products_with_a_title_or_refused(feed: str) -> None:
    try:
        found = quietly(feed)
    except FeedError:
        return
    assert len(found) == 2
    assert all("Apron" in row.get("title", "") for row in found)
