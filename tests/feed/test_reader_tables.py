"""TSV and CSV, and the exports of shops."""

from __future__ import annotations

import pytest

from feedeval.errors import FeedError, InputError
from feedeval.feed.reader import iter_feed
from tests.feed.feeds import read


@pytest.mark.parametrize("delimiter", ["\t", ",", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_delimiter_and_line_ends_are_found(delimiter: str, end: str):
    text = end.join(
        delimiter.join(row) for row in (["id", "title", "price"], ["1", "Lamp", "9 EUR"], ["2", "Vase", "8 EUR"])
    )
    products, warning = read(text.encode())
    assert products[1] == {"id": "2", "title": "Vase", "price": "8 EUR"}
    assert not warning


def test_quoted_cells_may_hold_delimiters_quotes_and_lines():
    products, _ = read('id,title,price\n1,"A ""warm"" lamp,\nof brass",9\n2,Vase,8\n')
    assert products[0]["title"] == 'A "warm" lamp,\nof brass'
    assert products[1]["id"] == "2"


@pytest.mark.parametrize(
    ("cell", "content"),
    [
        ('trained_algorithmic_media:"Oak table: round, 90 cm"', "Oak table: round, 90 cm"),
        ('"trained_algorithmic_media:""Oak table, round"""', "Oak table, round"),
        ('trained_algorithmic_media:A "good" table', 'A "good" table'),
        ('trained_algorithmic_media:Screen 27" or 32"', 'Screen 27" or 32"'),
        (":Oak table", "Oak table"),
    ],
)
def test_quotation_marks_around_a_part_are_none_of_its_text(cell: str, content: str):
    (product,), _ = read(f"id\tstructured_title\tprice\n1\t{cell}\t9 EUR\n")
    assert product["structured_title"]["content"] == content


def test_a_quotation_mark_that_is_never_closed_swallows_no_rows():
    products, warning = read('id\ttitle\tprice\n1\t"24 inch lamp\t9 EUR\n2\tVase\t8 EUR\n3\tBowl\t7 EUR\n')
    assert [p["title"] for p in products] == ['"24 inch lamp', "Vase", "Bowl"]
    assert "never closed, read as text: 1, line 2" in warning


def test_ragged_rows_are_read_and_their_lines_told():
    products, warning = read("id\ttitle\tprice\n1\tLamp\n2\tVase\t8\tsurplus\n3\tBowl\t7\t\t\n")
    assert products == [
        {"id": "1", "title": "Lamp"},
        {"id": "2", "title": "Vase", "price": "8"},
        {"id": "3", "title": "Bowl", "price": "7"},
    ]
    assert "fewer cells than the header, the missing ones left empty: 1, line 2" in warning
    assert "more cells than the header" in warning
    assert "line 3" in warning
    with pytest.raises(FeedError, match="line 2"):
        list(iter_feed(b"id\ttitle\tprice\n1\tLamp\n", strict=True))


def test_repeated_columns_are_a_repeated_attribute():
    products, warning = read("id,title,color,color\n1,Lamp,red,blue\n2,Vase,red,\n")
    assert [p["color"] for p in products] == [["red", "blue"], "red"]
    assert "color" in warning


def test_zero_bytes_and_very_large_fields_do_no_harm():
    large = "x" * 300_000
    products, warning = read(f'id,title,description\n1,La\0mp,"{large}, and more"\n')
    assert products[0]["title"] == "Lamp"
    assert len(products[0]["description"]) > 300_000
    assert "Control characters removed: 1, line 2" in warning


def test_lines_before_the_header_are_passed_over():
    assert read("sep=;\nid;title\n1;Lamp\n")[0] == [{"id": "1", "title": "Lamp"}]
    assert read("# exported\nid,title\n1,Lamp\n")[0] == [{"id": "1", "title": "Lamp"}]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Größe für Möbel, schöne Füße", "cp1252"),
        ("Nabíječka žlutá příslušenství počítače", "cp1250"),
        ("Настольная лампа для дома", "cp1251"),
        ("真鍮のデスクランプとガラスの花瓶", "cp932"),
    ],
)
def test_tables_in_older_encodings_are_read_right(text: str, encoding: str):
    products, warning = read(f"id;title;price\n1;{text};9\n".encode(encoding))
    assert products[0]["title"] == text
    assert encoding in warning


def test_text_forms_of_repeats_and_groups_are_taken_apart():
    head = "id\ttitle\tadditional_image_link\tshipping\tproduct_detail\tproduct_highlight\tquestion_and_answer"
    row = [
        "1",
        "Lamp",
        "https://i.example/a.jpg?x=1,2,https://i.example/b.jpg",
        "DE::DHL:4 EUR,AT:::6 EUR",
        "Light:Power:9 W,:Colour:warm white: 2700 K",
        '"""Dims, softly"",Oak foot"',
        "Q: Dimmable? A: Yes",
    ]
    (product,), _ = read(head + "\n" + "\t".join(row) + "\n")
    assert product["additional_image_link"] == ["https://i.example/a.jpg?x=1,2", "https://i.example/b.jpg"]
    assert product["shipping"] == [
        {"country": "DE", "service": "DHL", "price": "4 EUR"},
        {"country": "AT", "price": "6 EUR"},
    ]
    assert product["product_detail"] == [
        {"section_name": "Light", "attribute_name": "Power", "attribute_value": "9 W"},
        {"attribute_name": "Colour", "attribute_value": "warm white: 2700 K"},
    ]
    assert product["product_highlight"] == ["Dims, softly", "Oak foot"]
    assert product["question_and_answer"] == [{"question": "Dimmable?", "answer": "Yes"}]


def test_headings_may_be_spelled_for_people():
    head = "ID\tTitle\tImage Link\tgoogle product category\tshipping(country:price)\tCustom Label 0\n"
    (product,), _ = read(head + "1\tLamp\thttps://i\t594\tDE:4 EUR\tx\n")
    assert product["google_product_category"] == "594"
    assert product["image_link"] == "https://i"
    assert product["shipping"] == [{"country": "DE", "price": "4 EUR"}]
    assert product["custom_label_0"] == "x"


def test_metas_indexed_columns_are_images():
    (product,), _ = read("id,title,image[0].url,image[1].url,price\n1,Lamp,https://i/a,https://i/b,9\n")
    assert product["image_link"] == "https://i/a"
    assert product["additional_image_link"] == ["https://i/b"]


def test_a_foreign_name_never_displaces_the_standard_one():
    (product,), _ = read("sku,id,name,title\nS1,1,short,Lamp\n")
    assert product == {"sku": "S1", "id": "1", "name": "short", "title": "Lamp"}
    assert read("sku,name\nS1,Lamp\n")[0] == [{"id": "S1", "title": "Lamp"}]


def test_columns_say_what_nobody_could_know():
    products, warning = read("Nr;Ding;Betrag\n1;Lampe;9\n", columns={"Nr": "id", "Ding": "title", "fehlt": "price"})
    assert products == [{"id": "1", "title": "Lampe", "betrag": "9"}]
    assert "fehlt" in warning
    with pytest.raises(InputError, match="columns"):
        iter_feed(b"id,title\n1,x\n", columns={"id": ""})
    with pytest.raises(InputError, match="mapping"):
        iter_feed(b"id,title\n1,x\n", columns=["id"])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (bytes(range(256)) * 8, "binary data"),
        (b"PK\x03\x04 sheet", "Excel"),
        (b"%PDF-1.7", "PDF"),
        (b"Dear customer,\nthank you\n", "none of the attributes"),
        (b"hello world\n", "text that begins with 'hello world'"),
        (b"id,title,price\n", "without a single product"),
    ],
)
def test_what_is_no_table_is_named(content: bytes, found: str):
    with pytest.raises(FeedError, match=found):
        list(iter_feed(content))


SHOPIFY = """Handle,Title,Body (HTML),Vendor,Type,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant SKU,\
Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,\
Variant Compare At Price,Image Src,Variant Image,Google Shopping / Gender
shirt,Linen shirt,<p>Cool</p>,Holm,Shirts,Colour,White,Fit,Loose,S-1,220,shopify,3,deny,39,49,https://i/1.jpg,,female
shirt,,,,,,Blue,,Slim,,0,shopify,0,deny,39,,https://i/2.jpg,https://i/blue.jpg,
shirt,,,,,,,,,,,,,,,,https://i/3.jpg,,
vase,Vase,Clay,Holm,Home,Title,Default Title,,,,0,,,deny,12,,https://i/v.jpg,,
"""


def test_shopify_gives_a_product_for_each_variant():
    white, blue, vase = read(SHOPIFY)[0]
    assert (white["id"], blue["id"], vase["id"]) == ("S-1", "shirt-blue-slim", "vase")
    assert white["item_group_id"] == blue["item_group_id"] == "shirt"
    assert "item_group_id" not in vase
    assert (white["color"], blue["color"]) == ("White", "Blue")
    assert blue["product_detail"] == [{"attribute_name": "Fit", "attribute_value": "Slim"}]
    assert blue["title"] == "Linen shirt"
    assert blue["gender"] == "female"
    assert (white["price"], white["sale_price"], white["product_weight"]) == ("49", "39", "220 g")
    assert "sale_price" not in blue
    assert "product_weight" not in blue
    assert (white["availability"], blue["availability"], vase["availability"]) == (
        "in_stock",
        "out_of_stock",
        "in_stock",
    )
    assert blue["image_link"] == "https://i/blue.jpg"
    assert white["additional_image_link"] == ["https://i/2.jpg", "https://i/3.jpg"]
    assert "color" not in vase
    assert vase["brand"] == "Holm"


WOO = """ID,Type,SKU,Name,Short description,Description,In stock?,Weight (kg),Length (cm),Sale price,Regular price,\
Categories,Images,Parent,Attribute 1 name,Attribute 1 value(s),Attribute 2 name,Attribute 2 value(s)
7,variable,cap,Cap,Short,Long text,1,0.2,20,,25,\
"Wear > Caps, Sale","https://i/1.jpg, https://i/2.jpg",,Color,"Red, Blue",Logo,Yes
8,variation,cap-red,Cap - Red,Only short,,0,,,19,25,,,cap,Color,Red,,
"""


def test_woocommerce_gives_a_variation_what_its_product_says():
    (red,) = read(WOO)[0]
    assert red["id"] == "8"
    assert red["product_weight"] == "0.2 kg"
    assert red["product_length"] == "20 cm"
    assert red["product_type"] == ["Wear > Caps", "Sale"]
    assert (red["image_link"], red["additional_image_link"]) == ("https://i/1.jpg", ["https://i/2.jpg"])
    assert red["product_detail"] == [{"attribute_name": "Logo", "attribute_value": "Yes"}]
    assert (red["color"], red["item_group_id"], red["availability"]) == ("Red", "cap", "out_of_stock")
    assert (red["price"], red["sale_price"]) == ("25", "19")
    assert (red["short_description"], red["description"]) == ("Only short", "Long text")


def test_a_header_that_comes_again_is_no_product():
    text = "id,title,price\n1,Cup,5 EUR\nid,title,price\n2,Bowl,6 EUR\n"
    found, told = read(text)
    assert [p["id"] for p in found] == ["1", "2"]
    assert "ows that repeat the header, left out: 1, line 3" in told


def test_quotation_marks_that_open_in_several_rows_swallow_none():
    rows = [f'{n},"Cup {n},5 EUR' if n % 3 == 0 else f"{n},Cup,5 EUR" for n in range(10)]
    found, told = read("\n".join(["id,title,price", *rows]))
    assert [p["id"] for p in found] == [str(n) for n in range(10)]
    assert "uotation marks that are never closed, read as text: 4, lines 2, 5, 8, 11" in told
