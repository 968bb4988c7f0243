"""WooCommerce's export: in any language, and the variations of its products wherever they stand."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pytest

from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.reader import read_feed
from tests.feed.feeds import read

DATA = Path(__file__).resolve().parents[2] / "feedeval" / "data" / "woocommerce_headings.tsv"
ENGLISH = (
    *("ID", "Type", "SKU", "Name", "Published", "Short description", "Description", "In stock?", "Stock"),
    *("Weight (kg)", "Length (cm)", "Sale price", "Regular price", "Categories", "Images", "Parent"),
    *("Attribute 1 name", "Attribute 1 value(s)", "Attribute 1 visible", "Attribute 1 global"),
)
ROWS = tuple(
    next(csv.reader([line]))
    for line in (
        '7,variable,CAP,Cap,1,Short,Warm cap,1,,"0,2",20,,,"Wear > Caps, Sale",https://i.example/1.jpg,,'
        'Colour,"Red, Blue",1,0',
        '8,variation,CAP-R,Cap - Red,1,,,0,0,,,"19,50","25,00",,https://i.example/r.jpg,CAP,Colour,Red,,0',
        '9,simple,CUP,Cup,-1,,White cup,backorder,3,"0,4",9,,"1,299",Home,,,,,,',
    )
)


def languages() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {"en": {}}
    for line in DATA.read_text(encoding="utf-8").splitlines()[3:]:
        heading, language, translations = line.split("\t")
        found.setdefault(language, {})[heading] = translations.split("|")[0]
    return found


def export(language: str) -> str:
    table = languages()[language]

    def called(heading: str) -> str:
        for mark in ("%d", "%s"):
            for unit in ("1",) if mark == "%d" else ("kg", "cm"):
                general = heading.replace("1", "%d") if mark == "%d" else heading.replace(f"({unit})", "(%s)")
                if general in table and mark in general:
                    return table[general].replace(mark, unit)
        return table.get(heading, heading)

    out = StringIO()
    csv.writer(out, lineterminator="\n").writerows([[called(heading) for heading in ENGLISH], *ROWS])
    return out.getvalue()


@pytest.mark.parametrize("language", languages())
def test_an_export_is_the_same_in_every_language(language: str):
    (red, cup), warning = read(export(language))
    assert not warning
    assert red == {
        "id": "8",
        "woocommerce_type": "variation",
        "sku": "CAP-R",
        "title": "Cap - Red",
        "published": "1",
        "short_description": "Short",
        "description": "Warm cap",
        "availability": "out_of_stock",
        "stock": "0",
        "product_weight": "0.2 kg",
        "product_length": "20 cm",
        "sale_price": "19.50",
        "price": "25.00",
        "product_type": ["Wear > Caps", "Sale"],
        "image_link": "https://i.example/r.jpg",
        "additional_image_link": ["https://i.example/1.jpg"],
        "parent": "CAP",
        "item_group_id": "CAP",
        "color": "Red",
        "attribute_1_global": "0",
    }
    assert (cup["availability"], cup["published"], cup["product_weight"]) == ("backorder", "-1", "0.4 kg")


def test_a_price_that_can_be_read_in_two_ways_stays_as_it_is_written():
    assert read(export("de"))[0][1]["price"] == "1,299"


FULL = (
    *("Kodas", "Rūšis", "Žymė", "Vardas", "Vieša", "Svarbu", "Matoma", "Trumpai", "Ilgai", "Nuo", "Iki", "M1", "M2"),
    *("Yra", "Kiek", "Mažai", "Laukti", "Po vieną", "Svoris (kg)", "Ilgis (cm)", "Plotis (cm)", "Aukštis (cm)"),
    *("Atsiliepimai", "Pastaba", "Akcija", "Kaina", "Skyriai", "Žymos", "Siunta", "Paveikslai", "D1", "D2", "Tėvas"),
    *("Grupė", "Up", "Cross", "Nuoroda", "Mygtukas", "Vieta"),
    *("Savybė 1 v", "Savybė 1 r", "Savybė 1 m", "Savybė 1 g", "Meta: x"),
)
FULL_ROW = (
    *("5", "simple, virtual", "V-5", "Vaza", "1", "0", "visible", "Trumpai", "Ilgas\\ntekstas", "", "", "taxable", ""),
    *("1", "4", "", "0", "0", "1,5", "10", "11", "12", "1", "", "", "12,5", "Namai", "", "", "https://v.example/1.jpg"),
    *("", "", "", "", "", "", "https://v.example/5", "", "0", "Spalva", "Balta", "1", "0", "m"),
)


def test_headings_that_no_table_knows_are_told_by_their_order():
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in (FULL, FULL_ROW))
    (vase,), warning = read(text + "\n")
    assert not warning
    assert vase["title"] == "Vaza"
    assert vase["description"] == "Ilgas\ntekstas"
    assert (vase["price"], vase["product_weight"], vase["product_height"]) == ("12.5", "1.5 kg", "12 cm")
    assert (vase["availability"], vase["link"]) == ("in_stock", "https://v.example/5")
    assert vase["image_link"] == "https://v.example/1.jpg"
    assert vase["product_detail"] == [{"attribute_name": "Spalva", "attribute_value": "Balta"}]


HEAD = "ID,Type,SKU,Name,Description,In stock?,Stock,Regular price,Categories,Images,Parent,Attribute 1 name,\
Attribute 1 value(s),Attribute 2 name,Attribute 2 value(s)\n"


def test_a_variation_finds_its_product_after_it_by_number_or_code():
    rows = '3,variation,,Cup - L,,1,,9,,,id:2,Size,L,Logo,\n1,simple,X,Bowl,Deep,1,,5,,,,,,,\n\
2,variable,,Cup,Clay cup,1,,,Home,https://i.example/c.jpg,,Size,"S, L",Material,Clay\n\
4,variation,,Cup - any,,0,,8,,,id:2,Size,,,\n'
    bowl, large, any_size = read(HEAD + rows)[0]
    assert bowl["id"] == "1"
    assert (large["description"], large["image_link"], large["item_group_id"]) == (
        "Clay cup",
        "https://i.example/c.jpg",
        "2",
    )
    assert (large["size"], large["material"]) == ("L", "Clay")
    assert any_size["size"] == "S, L"


def test_a_variable_product_without_variations_and_an_orphan_stay():
    rows = '2,variable,CUP,Cup,Clay cup,1,,,Home,,,Size,"S, L",,\n9,variation,Z,Zoo - S,,1,,8,,,GONE,Size,S,,\n'
    orphan, cup = read(HEAD + rows)[0]
    assert (orphan["id"], orphan["item_group_id"]) == ("9", "GONE")
    assert (cup["id"], cup["item_group_id"], cup["size"]) == ("2", "CUP", "S, L")


def test_stock_tells_the_availability_where_nothing_else_does():
    rows = "1,simple,A,Bowl,,,3,5,,,,,,,\n2,simple,B,Vase,,,0,5,,,,,,,\n3,simple,C,Cup,,,,5,,,,,,,\n"
    found = read(HEAD + rows)[0]
    assert [product.get("availability") for product in found] == ["in_stock", "out_of_stock", None]


def test_no_currency_is_invented():
    frame = read_feed(export("fr").encode())
    assert set(check_feed(frame).query("field == 'price'")["check"]) <= {"price_currency_missing", "price_format"}


def test_the_case_reads_as_the_english_export(shared: Path):
    frame = read_feed(shared / "cases" / "woocommerce_german_headings.csv")
    assert list(frame["price"]) == ["29.90", "12.50"]
    assert {"description", "image_link", "availability", "gtin", "color", "product_type"} <= set(frame.columns)


def test_variations_that_name_their_product_by_sku_and_by_number_are_one_group():
    head = "ID,Type,SKU,Name,Published,Regular price,Parent,Attribute 1 name,Attribute 1 value(s)\n"
    rows = '1,variable,CAP,Cap,1,,,Size,"S, M"\n2,variation,,Cap,1,5,CAP,Size,S\n3,variation,,Cap,1,5,id:1,Size,M\n'
    assert [p["item_group_id"] for p in read(head + rows)[0]] == ["CAP", "CAP"]


def test_headings_that_the_language_file_does_not_have_are_read_as_in_any_table():
    table = (
        "ID,Typ,SKU,Nazwa,Opublikowano,Opis,Cena promocyjna,Cena regularna,Kategorie,Obrazy\n"
        '7,simple,D-1,Dzbanek,1,Dzbanek z kamionki,"24,90","29,90",Kuchnia,https://d.example/1.jpg\n'
    )
    (jug,) = read(table)[0]
    assert (jug["price"], jug["sale_price"], jug["image_link"]) == ("29.90", "24.90", "https://d.example/1.jpg")


def test_a_heading_that_nobody_knows_does_not_make_its_attribute_missing():
    table = (
        "ID,Typ,SKU,Nazwa,Opublikowano,Opis,Cena,Kategorie,Xyz\n"
        "7,simple,D-1,Dzbanek,1,Dzbanek z kamionki,29,Kuchnia,https://d.example/1.jpg\n"
    )
    found = check_feed(read_feed(table.encode()))
    assert not ((found["check"] == "missing_required") & (found["field"] == "image_link")).any()
    assert "unread_columns" in set(found["check"])
