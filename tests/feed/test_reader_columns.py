"""Tables under other names: networks' exports, hand-made tables, and columns that nobody understands."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedeval.errors import FeedError
from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.parsing.proposals import read_columns
from feedeval.feed.reader import products, read_feed
from tests.feed.feeds import read


@pytest.mark.parametrize(
    "header",
    [
        "Artikelnummer;Bezeichnung;Beschreibung;Preis;Bild;Verfügbarkeit;Hersteller;Produktlink",
        "Artikel-Nr.;Titel;Produktbeschreibung;Verkaufspreis;Bild-URL;Verfuegbarkeit;Marke;Produkt-URL",
        "Référence;Nom;Description;Prix;Image;Disponibilité;Marque;Lien",
        "Reference;Designation;Description;Prix TTC;Image principale;Disponibilite;Fabricant;URL produit",
        "Referencia;Nombre;Descripción;Precio;Imagen;Disponibilidad;Marca;Enlace",
        "Codice prodotto;Nome;Descrizione;Prezzo;Immagine;Disponibilità;Produttore;URL prodotto",
        "Artikelcode;Productnaam;Omschrijving;Prijs;Afbeelding;Beschikbaarheid;Merk;Product-URL",
        "Kod produktu;Nazwa;Opis;Cena;Zdjęcie;Dostępność;Producent;Link do produktu",
        "Kód produktu;Název;Popis;Cena;Obrázek;Dostupnost;Výrobce;URL produktu",
        "Артикул;Название;Описание;Цена;Изображение;Наличие;Производитель;Ссылка",
        "商品コード;商品名;商品説明;価格;画像;在庫状況;ブランド;商品URL",
    ],
)
def test_common_words_of_other_languages_are_read(header: str):
    row = "A-1;Lamp;A lamp;9 EUR;https://l.example/1.jpg;in stock;Holm;https://l.example/1"
    (lamp,), warning = read(f"{header}\n{row}\n")
    assert not warning
    assert set(lamp) == {"id", "title", "description", "price", "image_link", "availability", "brand", "link"}


def test_awin_and_its_currency():
    rows = [
        "aw_deep_link,product_name,merchant_product_id,merchant_image_url,search_price,currency,in_stock,delivery_cost",
        "https://a.example/1,Kettle,K-1,https://k.example/1.jpg,39.00,EUR,1,4.90",
    ]
    (kettle,), warning = read("\n".join(rows) + "\n")
    assert (kettle["id"], kettle["link"], kettle["price"]) == ("K-1", "https://a.example/1", "39.00 EUR")
    assert kettle["shipping"] == [{"price": "4.90 EUR"}]
    assert not warning


@pytest.mark.parametrize("name", ["Currency", "Currency ISO", "currencyCode", "Währung", "Devise"])
def test_a_currency_joins_the_bare_prices_beside_it(name: str):
    text = f"id;title;price;sale_price;{name}\n1;Lamp;24,90;19 EUR;eur\n2;Vase;;;EUR\n3;Cup;9;;euro\n"
    lamp, vase, cup = read(text)[0]
    assert (lamp["price"], lamp["sale_price"]) == ("24,90 EUR", "19 EUR")
    assert "price" not in vase
    assert cup["price"] == "9"
    assert next(products([lamp]))["price"] == "24,90 EUR"


def test_google_ads_names_and_numbered_pictures():
    (lamp,), _ = read(
        "ID,Item title,Final URL,Bild 1,Bild 2,Item description\n1,Lamp,https://l,https://a,https://b,x\n"
    )
    assert (lamp["link"], lamp["description"], lamp["image_link"]) == ("https://l", "x", "https://a")
    assert lamp["additional_image_link"] == ["https://b"]
    with pytest.raises(FeedError, match="page feed"):
        read("Page URL,Custom label\nhttps://l.example/1,sale\n")


UNKNOWN = ["Nr", "Ding", "Betrag", "Ziel", "Foto2", "Strich", "Mehr", "Leer"]
UNKNOWN_ROWS = [
    [code, title, price, f"https://l.example/{code}", f"https://l.example/{code}.jpg", gtin, "x y" * 40, ""]
    for code, title, price, gtin in (
        ("A-1", "Lampe aus Holz", "24,90 €", "4006381333931"),
        ("A-2", "Vase aus Glas", "9,90 €", "5901234123457"),
    )
]


def test_columns_are_proposed_by_name_and_by_value():
    proposals = read_columns(UNKNOWN, UNKNOWN_ROWS, None)
    assert [(found.column, found.proposal) for found in proposals] == [
        *(("Nr", "id"), ("Ding", "title"), ("Betrag", "price"), ("Ziel", "link"), ("Foto2", "image_link")),
        *(("Strich", "gtin"), ("Mehr", "description"), ("Leer", "")),
    ]
    assert proposals[3].sample == "https://l.example/A-1"
    assert proposals[5].why == "digits with the check digit of a gtin"
    wrong = read_columns(["x"], [["4006381333932"]], None)[0]
    assert wrong.proposal != "gtin"


def text_of(header: list[str], rows: list[list[str]]) -> str:
    return "\n".join("\t".join(row) for row in (header, *rows)) + "\n"


def test_a_table_of_which_nothing_is_understood_is_refused_with_a_proposal():
    with pytest.raises(FeedError, match="'Ziel': 'link'"):
        read(text_of(UNKNOWN, UNKNOWN_ROWS))


def test_a_table_that_is_mostly_not_understood_says_so_and_lacks_nothing_for_sure():
    header = ["id", "title", *UNKNOWN[2:]]
    with pytest.warns(UserWarning, match="not understood"):
        frame = read_feed(text_of(header, UNKNOWN_ROWS).encode())
    (warning,) = frame.attrs["feedeval"]["warnings"]
    assert "5 of 8 columns are not understood (Betrag, Ziel, Foto2, Strich, Mehr)" in warning
    assert "columns={'Betrag': 'price', 'Ziel': 'link'" in warning
    ziel = frame.attrs["feedeval"]["columns"][3]
    assert {name: ziel[name] for name in ("column", "means", "proposal", "sample")} == {
        "column": "Ziel",
        "means": "",
        "proposal": "link",
        "sample": "https://l.example/A-1",
    }
    found = check_feed(frame)
    assert not [check for check in found["check"] if check.startswith("missing_")]
    assert list(found["check"]).count("unread_columns") == 1


def test_one_column_that_looks_like_the_attribute_is_enough_to_leave_it_open():
    frame = read_feed(b"id;title;price;Ziel\n1;Lamp;;https://l.example/1\n2;Vase;3 EUR;https://l.example/2\n")
    found = check_feed(frame)
    missing = {(row.product_id, row.field) for row in found.itertuples() if row.check == "missing_required"}
    assert ("1", "link") not in missing
    assert ("1", "price") in missing
    assert ("1", "description") in missing
    assert found.iloc[0]["check"] == "unread_columns"
    assert "unread_columns" not in set(check_feed(frame, supplemental=True)["check"])


def test_what_columns_says_counts_as_understood():
    frame = read_feed(b"Nr;Ding;Ziel\n1;Lamp;https://l\n", columns={"Nr": "id", "Ding": "title", "Ziel": "link"})
    assert [column["means"] for column in frame.attrs["feedeval"]["columns"]] == ["id", "title", "link"]
    assert frame.attrs["feedeval"]["warnings"] == []


SUPPLEMENT = "id\tcustom_label_0\tcustom_label_1\nA-1\tbestseller\tsummer\nA-2\tmargin\t\n"
SUPPLEMENTS = [
    SUPPLEMENT,
    "id,excluded_destination,ads_redirect,pause\nA-1,Shopping_ads,,\nA-2,,https://l.example/2,ads\n",
    '[{"id": "1", "custom_label_0": "a"},\n{"id": "2", "promotion_id": "p"}]',
    '<?xml version="1.0"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><item><g:id>1</g:id>'
    "<g:custom_label_0>a</g:custom_label_0></item></channel></rss>",
    '<?xml version="1.0"?>\n<products><product><id>1</id><custom_label_0>a</custom_label_0></product></products>',
]


@pytest.mark.parametrize("text", SUPPLEMENTS)
def test_a_supplement_of_platform_attributes_is_read_in_every_format(text: str):
    with pytest.warns(UserWarning, match="supplemental feed"):
        frame = read_feed(text.encode())
    assert check_feed(frame, supplemental=True).empty
    (found,) = check_feed(frame).itertuples()
    assert (found.check, found.severity, found.product_id) == ("supplemental_feed", "info", "")


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?>\n<rss version="2.0"><channel><item><title>News</title><link>https://n</link>'
        "<guid>1</guid><author>a</author></item></channel></rss>",
        "id,status,author\n1,new,me\n2,new,you\n",
    ],
)
def test_what_is_no_supplement_is_still_refused(text: str):
    with pytest.raises(FeedError):
        read(text)


def test_the_cases_of_tables_read(shared: Path):
    with pytest.warns(UserWarning, match="supplemental feed"):
        frame = read_feed(shared / "cases" / "supplemental_custom_labels.tsv")
    assert len(frame) == 2
    assert read_feed(shared / "cases" / "awin_standard_columns.csv").loc[0, "price"] == "39.00 EUR"
    assert {"link", "description"} <= set(read_feed(shared / "cases" / "google_ads_page_feed.csv").columns)
