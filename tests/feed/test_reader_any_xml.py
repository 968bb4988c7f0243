"""XML that nobody has described: which element is taken for a product, and what is read from it."""

from __future__ import annotations

import pytest

from feedeval.cli.main import main
from feedeval.errors import FeedError, InputError
from feedeval.feed.reader import FeedWarning, iter_feed, read_feed
from tests.feed.feeds import item, read, rss

PROLOG = '<?xml version="1.0"?>\n'
ARTICLE = (
    "<ARTIKEL><ARTIKELNUMMER>{0}</ARTIKELNUMMER><BEZEICHNUNG>Lampe {0}</BEZEICHNUNG><PREIS>9,90</PREIS><BILDER>"
    "<BILD>https://l.example/{0}.jpg</BILD><BILD>https://l.example/{0}b.jpg</BILD></BILDER></ARTIKEL>"
)


def document(*products: str, root: str = "katalog", before: str = "") -> str:
    return f"{PROLOG}<{root}>{before}\n{''.join(products)}</{root}>"


def test_german_elements_are_read_and_the_choice_is_told():
    before = "<GRUPPEN><GRUPPE nr='1'/><GRUPPE nr='2'/></GRUPPEN>"
    products, warning = read(document(ARTICLE.format(1), ARTICLE.format(2), before=before))
    assert products[0] == {
        "id": "1",
        "title": "Lampe 1",
        "price": "9,90",
        "image_link": "https://l.example/1.jpg",
        "additional_image_link": ["https://l.example/1b.jpg"],
    }
    assert "Each <ARTIKEL> was taken for a product; one other repeats (GRUPPE)" in warning


@pytest.mark.parametrize(
    "product",
    [
        "<produit><référence>1</référence><nom>Lampe</nom><prix>9</prix></produit>",
        "<produkt><kod>1</kod><nazwa>Lampe</nazwa><cena>9</cena></produkt>",
        "<zbozi><kod>1</kod><název>Lampe</název><cena_s_dph>9</cena_s_dph><cena>7</cena></zbozi>",
        "<товар><артикул>1</артикул><название>Lampe</название><цена>9</цена></товар>",
        '<row id="1" title="Lampe" price="9"/>',
        '<s:thing xmlns:s="http://s.example/"><s:id>1</s:id><s:name>Lampe</s:name><s:price>9</s:price></s:thing>',
        "<rec><head><id>1</id></head><info><name>Lampe</name><price>9</price></info></rec>".replace("head", "data"),
        '<row id="1"><name><language id="2">Lampe</language></name><price><amount>9</amount></price></row>',
        '<d><field name="id">1</field><field name="title">Lampe</field><field name="price">9</field></d>',
    ],
)
def test_any_language_and_nesting_gives_the_same_product(product: str):
    products, _ = read(document(product, product))
    assert len(products) == 2
    assert {name: products[0][name] for name in ("id", "title", "price")} == {"id": "1", "title": "Lampe", "price": "9"}


def test_values_that_carry_their_name_keep_it():
    product = (
        '<product id="7"><name>Lamp</name><price>9</price><attributes><attribute name="Colour">red</attribute>'
        '<attribute name="Power">9 W</attribute></attributes><param name="Size">M</param>'
        "<property><key>Base</key><value>oak</value></property></product>"
    )
    (read_product,), warning = read(document(product))
    assert not warning
    assert (read_product["id"], read_product["color"], read_product["size"]) == ("7", "red", "M")
    assert read_product["product_detail"] == [
        {"attribute_name": "Power", "attribute_value": "9 W"},
        {"attribute_name": "Base", "attribute_value": "oak"},
    ]


def test_a_products_own_list_is_not_taken_for_the_products():
    variants = "".join(
        f"<variant><sku>{size}</sku><price>9</price><ean>400638133393{n}</ean><size>{size}</size><color>red</color></variant>"
        for n, size in enumerate("ML")
    )
    product = (
        f"<product id='7'><title>Shirt</title><brand><id>3</id><name>Loom</name></brand><variants>{variants}</variants>"
    )
    products, _ = read(document(f"{product}</product>"))
    assert [(p["id"], p["title"], p["brand"], p["item_group_id"]) for p in products] == [
        ("M", "Shirt", "Loom", "7"),
        ("L", "Shirt", "Loom", "7"),
    ]
    images = "<images>" + "<image><url>https://l.example/1.jpg</url><title>Front</title></image>" * 3 + "</images>"
    products, _ = read(document(f"<product><id>1</id><title>Lamp</title>{images}<price>9</price></product>"))
    assert [p["id"] for p in products] == ["1"]


def test_a_shops_own_name_is_no_product():
    shop = "<name>Kettle shop</name><url>https://k.example</url><description>All kettles</description>"
    products, _ = read(document("<thing><code>1</code><name>Kettle</name><price>9</price></thing>", before=shop))
    assert [p["title"] for p in products] == ["Kettle"]


def test_a_part_that_speaks_of_another_is_not_lifted_out():
    product = "<product><id>1</id><price>9</price><brand>Oak</brand><seller><name>Shop</name></seller></product>"
    (read_product,), _ = read(document(product))
    assert "title" not in read_product
    assert read_product["seller"] == {"name": "Shop"}


def test_an_element_of_the_products_name_around_them_is_no_product():
    inner = "<product><id>{}</id><title>Lamp</title><price>9</price></product>"
    products, _ = read(document(inner.format(1), inner.format(2), root="product"))
    assert [p["id"] for p in products] == ["1", "2"]
    products, _ = read(document(inner.format("1 & 2"), inner.format(2), root="product"))
    assert [p["id"] for p in products] == ["1 & 2", "2"]


def test_broken_rows_are_mended_one_by_one():
    rows = "".join(f'<row id="{n}" title="Lamp {sign} oak" price="9"/>\n' for n, sign in enumerate(("or", "&", "or")))
    products, warning = read(document(rows))
    assert [p["title"] for p in products] == ["Lamp or oak", "Lamp & oak", "Lamp or oak"]
    assert 'Bare "&"' in warning


def test_a_child_whose_name_begins_like_the_product_does_not_end_it():
    product = (
        "<product><id>{}</id><product_type>Lamps</product_type><title>Salt & oak</title><price>9</price></product>"
    )
    products, _ = read(document(product.format(1), product.format(2)))
    assert [(p["id"], p["product_type"], p["title"]) for p in products] == [
        ("1", "Lamps", "Salt & oak"),
        ("2", "Lamps", "Salt & oak"),
    ]


UNKNOWN = document("<b><foo>1</foo><bar>Lamp</bar></b><b><foo>2</foo><bar>Oak</bar></b><c x='1' y='2'/>")


def test_nothing_is_chosen_without_recognised_attributes():
    with pytest.raises(FeedError, match=r"it has b \(2\), c \(1\).*item=.*columns=") as raised:
        list(iter_feed(UNKNOWN.encode()))
    assert "Yandex" in str(raised.value)
    assert read(UNKNOWN, columns={"foo": "id", "bar": "title"})[0][1] == {"id": "2", "title": "Oak"}


def test_a_person_names_the_element():
    assert read(UNKNOWN, item="b", columns={"foo": "id"})[0] == [{"id": "1", "bar": "Lamp"}, {"id": "2", "bar": "Oak"}]
    assert read(UNKNOWN, item="<B>", columns={"foo": "id"})[0][0]["id"] == "1"
    with pytest.raises(FeedError, match="columns="):
        list(iter_feed(UNKNOWN.encode(), item="b"))
    with pytest.raises(InputError, match=r"item='offer'.*no such element; it has b \(2\)"):
        read_feed(UNKNOWN.encode(), item="offer")
    with pytest.raises(InputError, match="only XML"):
        read_feed(b"id,title\n1,Lamp\n", item="row")
    with pytest.raises(InputError, match="item=' '"):
        read_feed(UNKNOWN.encode(), item=" ")


def test_the_element_of_rss_can_be_named_too():
    feed = rss(item(1), "<offer><g:id>2</g:id><g:title>Oak</g:title></offer>")
    assert [p["id"] for p in read(feed, item="item")[0]] == ["1"]
    assert [p["id"] for p in read(feed, item="offer")[0]] == ["2"]


def test_a_choice_is_no_fault():
    with pytest.warns(FeedWarning, match="taken for a product"):
        assert len(list(iter_feed(document(ARTICLE.format(1)).encode(), strict=True))) == 1


def test_the_terminal_names_the_element(tmp_path, capsys):
    feed = tmp_path / "feed.xml"
    feed.write_text(document("<a><id>1</id><name>x</name><price>9</price></a><b><id>2</id><name>Oak lamp</name></b>"))
    assert main(["check", str(feed), "--item", "b"]) == 0
    assert "1 product checked" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["currency", "waehrung", "devise", "currencyCode"])
def test_a_currency_beside_an_amount_joins_it(name: str) -> None:
    others = "<artikel><id>2</id><title>Topf</title><price>9</price></artikel>"
    first = f'<artikel><id>1</id><title>Krug</title><preis {name}="EUR">29.90</preis></artikel>'
    assert read(f"<katalog>{first}{others}</katalog>".encode())[0][0]["price"] == "29.90 EUR"
    graded = first.replace(f'{name}="EUR"', 'stufe="A"')
    assert read(f"<katalog>{graded}{others}</katalog>".encode())[0][0]["price"] == "29.90"


def test_details_that_hold_a_products_fields_are_no_details():
    details = "<DETAILS><BRAND>Holm</BRAND><EAN>4006381333931</EAN><FINISH>matt</FINISH></DETAILS>"
    for name in ("DETAILS", "PRODUCT_DETAILS"):
        own = details.replace("DETAILS", name)
        (found,), _ = read(document(f"<product><id>1</id>{own}<name>Cup</name></product>"))
        assert (found["brand"], found["gtin"]) == ("Holm", "4006381333931")
    listed = "<product_details><detail><name>Colour</name><value>red</value></detail></product_details>"
    (found,), _ = read(document(f"<product><id>1</id><name>Cup</name>{listed}</product>"))
    assert found["product_detail"] == [{"attribute_name": "Colour", "attribute_value": "red"}]
