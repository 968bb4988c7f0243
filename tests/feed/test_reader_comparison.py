"""The XML of price comparisons: Heureka and Zboží.cz, Yandex YML, Skroutz, Ceneo, whole and broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedeval.feed.checks.check_feed import check_feed
from tests.feed.feeds import read

PROLOG = '<?xml version="1.0" encoding="utf-8"?>\n'
ITEM = """<SHOPITEM><ITEM_ID>L-1</ITEM_ID><PRODUCTNAME>Lampa Polárka</PRODUCTNAME>
<PRODUCT>Lampa Polárka, dárek</PRODUCT>
<URL>https://lampy.example/1</URL><IMGURL>https://lampy.example/1.jpg</IMGURL>
<IMGURL_ALTERNATIVE>https://lampy.example/2.jpg</IMGURL_ALTERNATIVE>
<IMGURL_ALTERNATIVE>https://lampy.example/3.jpg</IMGURL_ALTERNATIVE><VIDEO_URL>https://lampy.example/v</VIDEO_URL>
<PRICE_VAT>690</PRICE_VAT><EAN>4006381333931</EAN><PRODUCTNO>P300</PRODUCTNO><MANUFACTURER>Polárka</MANUFACTURER>
<CATEGORYTEXT>Sport | Kemping | Lampy</CATEGORYTEXT><PARAM><PARAM_NAME>Barva</PARAM_NAME><VAL>bílá</VAL></PARAM>
<PARAM><PARAM_NAME>Výdrž</PARAM_NAME><VAL>20 hodin</VAL></PARAM><PARAM/><DELIVERY_DATE>0</DELIVERY_DATE>
<DELIVERY><DELIVERY_ID>PPL</DELIVERY_ID><DELIVERY_PRICE>99</DELIVERY_PRICE></DELIVERY>
<ITEMGROUP_ID>LG</ITEMGROUP_ID><ACCESSORY>L-7</ACCESSORY><ACCESSORY>L-8</ACCESSORY></SHOPITEM>"""


def shop(*items: str, attributes: str = "") -> str:
    return f"{PROLOG}<SHOP{attributes}>\n{''.join(items)}</SHOP>"


def test_a_heureka_item_is_read_whole_and_its_price_gets_no_currency():
    (product,), warning = read(shop(ITEM))
    assert not warning
    assert product == {
        "id": "L-1",
        "title": "Lampa Polárka",
        "product_label": "Lampa Polárka, dárek",
        "link": "https://lampy.example/1",
        "video_link": ["https://lampy.example/v"],
        "gtin": "4006381333931",
        "mpn": "P300",
        "brand": "Polárka",
        "product_type": "Sport > Kemping > Lampy",
        "delivery": {"delivery_id": "PPL", "delivery_price": "99"},
        "item_group_id": "LG",
        "accessory": ["L-7", "L-8"],
        "price": "690",
        "availability": "in_stock",
        "color": "bílá",
        "product_detail": [{"attribute_name": "Výdrž", "attribute_value": "20 hodin"}],
        "image_link": "https://lampy.example/1.jpg",
        "additional_image_link": ["https://lampy.example/2.jpg", "https://lampy.example/3.jpg"],
    }


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("0", {"availability": "in_stock"}),
        ("5", {"delivery_time_days": "5"}),
        ("2026-05-01", {"delivery_date": "2026-05-01"}),
        ("-1", {"delivery_date": "-1"}),
    ],
)
def test_only_a_delivery_date_of_nought_is_availability(date: str, expected: dict[str, str]):
    item = f"<SHOPITEM><ITEM_ID>1</ITEM_ID><PRODUCT>Lampa</PRODUCT><DELIVERY_DATE>{date}</DELIVERY_DATE></SHOPITEM>"
    (product,), _ = read(shop(item))
    assert product == {"id": "1", "title": "Lampa", **expected}


def test_zbozi_says_what_a_product_cost_before():
    item = (
        "<SHOPITEM><ITEM_ID>1</ITEM_ID><PRODUCTNAME>Lampa</PRODUCTNAME><PRICE_VAT>690,50</PRICE_VAT>"
        "<PRICE_BEFORE_DISCOUNT>890</PRICE_BEFORE_DISCOUNT><PRICE>570</PRICE><BRAND>Dub</BRAND>"
        "<MANUFACTURER>Závod</MANUFACTURER></SHOPITEM>"
    )
    (product,), _ = read(shop(item, attributes=' xmlns="http://www.zbozi.cz/ns/offer/1.0"'))
    assert (product["price"], product["sale_price"], product["price_without_vat"]) == ("890", "690,50", "570")
    assert product["brand"] == "Dub"


def test_variants_with_ids_of_their_own_are_products_with_what_they_share():
    variants = "".join(
        f"<VARIANT><VARIANT_ID>{number}</VARIANT_ID><PRICE_VAT>{number}00</PRICE_VAT>"
        f"<PARAM><PARAM_NAME>Velikost</PARAM_NAME><VAL>{size}</VAL></PARAM></VARIANT>"
        for number, size in ((1, "M"), (2, "L"))
    )
    item = (
        f"<SHOPITEM><ITEM_ID>T</ITEM_ID><PRODUCTNAME>Tričko</PRODUCTNAME><PRICE_VAT>1</PRICE_VAT>{variants}</SHOPITEM>"
    )
    products, _ = read(shop(item))
    assert [(p["id"], p["title"], p["price"], p["size"], p["item_group_id"]) for p in products] == [
        ("1", "Tričko", "100", "M", "T"),
        ("2", "Tričko", "200", "L", "T"),
    ]


def test_a_broken_shopitem_is_mended_where_it_is():
    products, warning = read(shop(ITEM, ITEM.replace("L-1", "L-2").replace("dárek", "dárek & víc")))
    assert [p["id"] for p in products] == ["L-1", "L-2"]
    assert products[1]["product_label"] == "Lampa Polárka, dárek & víc"
    assert 'Bare "&"' in warning


YML = """<?xml version="1.0" encoding="{encoding}"?>
<!DOCTYPE yml_catalog SYSTEM "shops.dtd">
<yml_catalog date="2026-03-01 10:00"><shop><name>Лампы</name><currencies><currency id="RUR" rate="1"/></currencies>
<categories><category id="1">Дом &amp; сад</category><category id="2" parentId="1">Лампы</category></categories>
<offers>
<offer id="1" type="vendor.model" available="false" group_id="G"><url>https://lampa.example/1</url><price>2490</price>
<oldprice>2990</oldprice><currencyId>RUR</currencyId><categoryId>2</categoryId>
<picture>https://lampa.example/1.jpg</picture><picture>https://lampa.example/2.jpg</picture>
<typePrefix>Лампа</typePrefix><vendor>Дуб</vendor><model>Т-7</model><vendorCode>T7</vendorCode>
<barcode>4006381333931</barcode><barcode>4006381333948</barcode><param name="Цвет">белый</param>
<param name="Мощность" unit="Вт">9</param><weight>1.5</weight><dimensions>10/20.5/30</dimensions>
<sales_notes>Предоплата</sales_notes><manufacturer_warranty>true</manufacturer_warranty></offer>
<offer id="2" available="true"><name>Лампа Берёза</name><price>990</price><currencyId>KZT</currencyId>
<categoryId>9</categoryId><param name="Размер" unit="RU">46</param></offer>
</offers></shop></yml_catalog>"""


def yml(encoding: str = "utf-8") -> str:
    return YML.replace("{encoding}", encoding)


def check_yml(products: list) -> None:
    first, second = products
    assert first["title"] == "Лампа Дуб Т-7"
    assert (first["price"], first["sale_price"]) == ("2990 RUB", "2490 RUB")
    assert first["product_type"] == "Дом & сад > Лампы"
    assert first["gtin"] == ["4006381333931", "4006381333948"]
    assert (first["brand"], first["mpn"], first["color"], first["item_group_id"]) == ("Дуб", "T7", "белый", "G")
    assert first["product_detail"] == [{"attribute_name": "Мощность", "attribute_value": "9 Вт"}]
    assert (first["shipping_weight"], first["shipping_width"]) == ("1.5 kg", "20.5 cm")
    assert first["additional_image_link"] == ["https://lampa.example/2.jpg"]
    assert (first["sales_notes"], first["manufacturer_warranty"]) == ("Предоплата", "true")
    assert (second["price"], second["size"], second["size_unit"]) == ("990 KZT", "46", "RU")


@pytest.mark.parametrize("encoding", ["utf-8", "windows-1251"])
def test_a_yml_offer_is_read_with_the_path_of_its_category(encoding: str):
    products, warning = read(yml(encoding).encode(encoding))
    assert not warning
    check_yml(products)


def test_an_offer_that_is_made_to_order_is_neither_out_of_stock_nor_a_backorder():
    first, second = read(yml())[0]
    assert "availability" not in first
    assert first["ready_to_ship"] == "false"
    assert second["availability"] == "in_stock"


def test_a_category_that_nobody_defined_stays_a_number():
    second = read(yml())[0][1]
    assert "product_type" not in second
    assert second["category_id"] == "9"


def test_categories_that_define_each_other_end():
    looped = yml().replace('<category id="1">', '<category id="1" parentId="2">')
    assert read(looped)[0][0]["product_type"].endswith("Дом & сад > Лампы")


def test_a_broken_yml_feed_has_its_categories_too():
    products, warning = read(yml().replace("Лампа Берёза", "Лампа & Берёза"))
    check_yml(products)
    assert products[1]["title"] == "Лампа & Берёза"
    assert "Bare" in warning
    products, warning = read(yml()[: yml().index("Берёза")])
    assert [p["product_type"] for p in products] == ["Дом & сад > Лампы"]
    assert "ends in the middle of a product" in warning
    products, warning = read(yml("utf-8").encode("windows-1251"))
    check_yml(products)
    assert "windows-1251" in warning or "cp1251" in warning


def test_categories_longer_than_what_is_looked_at_are_read_all_the_same():
    many = "".join(f'<category id="{n}" parentId="1">Раздел {n}</category>\n' for n in range(10, 9000))
    products, _ = read(yml().replace("</categories>", f"{many}</categories>").replace(">9</c", ">8999</c"))
    assert products[1]["product_type"] == "Дом & сад > Раздел 8999"
    broken = yml().replace("</categories>", f"{many}</categories>").replace(">9</c", ">8999</c")
    products, _ = read(broken.replace("Берёза", "& Берёза"))
    assert products[1]["product_type"] == "Дом & сад > Раздел 8999"


SKROUTZ = """<?xml version="1.0" encoding="utf-8"?>
<mywebstore><created_at>2026-03-01 10:00</created_at><products><product><UniqueID>S1</UniqueID><name>Shirt</name>
<link>https://shirt.example/1</link><image>https://shirt.example/1.jpg</image>
<additional_image>https://shirt.example/2.jpg</additional_image><category>Clothes -> Shirts</category>
<price_with_vat>19.90</price_with_vat><availability>{said}</availability><instock>{shelf}</instock>
<manufacturer>Loom</manufacturer><ean>4006381333931</ean><size>S, M</size><color>red</color><weight>300</weight>{more}
</product></products></mywebstore>"""


def skroutz(said: str = "Available from 1 to 3 days", shelf: str = "N", more: str = "") -> str:
    return SKROUTZ.replace("{said}", said).replace("{shelf}", shelf).replace("{more}", more)


def test_a_skroutz_product_is_read_and_a_delivery_time_is_no_availability():
    (product,), warning = read(skroutz())
    assert not warning
    assert (product["id"], product["price"], product["product_weight"]) == ("S1", "19.90", "300 g")
    assert (product["product_type"], product["brand"], product["size"]) == ("Clothes > Shirts", "Loom", "S, M")
    assert product["availability_text"] == "Available from 1 to 3 days"
    assert "availability" not in product
    assert read(skroutz(shelf="Y"))[0][0]["availability"] == "in_stock"
    assert read(skroutz("In stock"))[0][0]["availability"] == "in_stock"


def test_each_variation_of_a_skroutz_product_is_one():
    more = "".join(
        f"<variation><variationid>S1-{size}</variationid><size>{size}</size><quantity>{count}</quantity></variation>"
        for size, count in (("S", 1), ("M", 2))
    )
    products, _ = read(skroutz(more=f"<variations>{more}</variations>"))
    assert [(p["id"], p["size"], p["quantity"], p["item_group_id"]) for p in products] == [
        ("S1-S", "S", "1", "S1"),
        ("S1-M", "M", "2", "S1"),
    ]
    assert all(p["title"] == "Shirt" and p["color"] == "red" for p in products)


CENEO = """<?xml version="1.0" encoding="utf-8"?>
<offers version="1"><group name="other"><o id="1" url="https://lampa.example/1" price="9.90" avail="{avail}" stock="3"
weight="0.5"><cat><![CDATA[Dom/Lampy]]></cat><name><![CDATA[Lampa]]></name><imgs><main url="https://lampa.example/1.jpg"/>
<i url="https://lampa.example/2.jpg"/></imgs><desc><![CDATA[Opis]]></desc><attrs><a name="Producent">Dąb</a>
<a name="Kod_producenta">D1</a><a name="EAN">4006381333931</a><a name="Kolor">biały</a><a name="Moc">9 W</a></attrs></o>
</group></offers>"""


@pytest.mark.parametrize(
    ("code", "expected"), [("1", "in_stock"), ("3", None), ("14", None), ("99", None), ("110", "preorder")]
)
def test_a_ceneo_offer_is_read_from_its_attributes(code: str, expected: str | None):
    (product,), warning = read(CENEO.replace("{avail}", code))
    assert not warning
    assert product.get("availability") == expected
    assert (product.get("avail") is None) == (expected is not None)
    assert (product["title"], product["link"], product["product_type"]) == (
        "Lampa",
        "https://lampa.example/1",
        "Dom > Lampy",
    )
    assert (product["brand"], product["mpn"], product["gtin"], product["color"]) == (
        "Dąb",
        "D1",
        "4006381333931",
        "biały",
    )
    assert product["product_detail"] == [{"attribute_name": "Moc", "attribute_value": "9 W"}]
    assert product["additional_image_link"] == ["https://lampa.example/2.jpg"]


def test_the_cases_are_read_without_false_alarms(shared: Path):
    for name in ("heureka_shopitem.xml", "yandex_yml_offer.xml"):
        (product,), warning = read(str(shared / "cases" / name))
        assert not warning
        found = set(check_feed([product])["check"])
        assert not found & {"repeated_value", "unknown_value", "missing_brand", "missing_category"}
