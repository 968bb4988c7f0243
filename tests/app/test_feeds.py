from __future__ import annotations

import gzip
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from feedeval.app.feeds import Given, Preview, Refused, Remembered, named, pasted, preview, uploaded
from feedeval.errors import FeedError, InputError

CSV = (
    "id,title,description,link,price,product_type,shoe_width\n"
    "1,Tent,A tent,https://shop.example/1,9 EUR,Sport > Tents,\n"
    "2,Lamp,,https://shop.example/2,,Home > Lamps,wide\n"
    "3,Peg,,,,Sport > Tents,\n"
)


def test_a_preview_tells_what_the_reader_understood() -> None:
    found = preview(uploaded("shop.csv", CSV.encode()))
    assert (found.name, found.format, found.products, found.whole) == ("shop.csv", "csv", 3, True)
    assert found.categories == (("Sport > Tents", 2), ("Home > Lamps", 1))
    assert [row["id"] for row in found.rows] == ["1", "2", "3"]
    assert {field.name: field.products for field in found.fields} == {
        "title": 3, "description": 1, "product_type": 3, "price": 1, "shoe_width": 1, "id": 3, "link": 2,
    }  # fmt: skip
    assert found.default_fields == ("title", "description", "product_type", "price", "shoe_width")
    assert found.warnings == ()


def test_a_long_feed_is_previewed_by_its_first_products() -> None:
    whole, part = (preview(uploaded("shop.csv", CSV.encode()), most=most) for most in (3, 2))
    assert (whole.products, whole.whole) == (3, True)
    assert (part.products, part.whole) == (2, False)
    assert max(field.products for field in part.fields) == 2


def test_faults_are_told_in_the_preview_and_nowhere_else() -> None:
    broken = uploaded("shop.csv", f"{CSV}4,Rope,too,many,cells,in,this,row\n".encode())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = preview(broken)
        assert len(list(broken.for_audit(None).products())) == found.products == 4
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("Rows with more cells")


@pytest.mark.parametrize(
    "given", [uploaded("shop.csv.gz", gzip.compress(CSV.encode())), pasted(CSV), pasted(CSV.replace(",", "\t"))]
)
def test_compressed_and_pasted_feeds_are_read(given: Given) -> None:
    assert given.in_memory
    assert preview(given).products == 3


def test_a_path_is_read_in_quotes_too_and_can_be_read_again(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text(CSV, encoding="utf-8")
    given = named(f' "{path}" ')
    assert preview(given).products == 3
    assert not given.in_memory
    assert given.for_audit(2).description == {"limit": 2, "path": str(path)}


def test_an_upload_is_written_down_by_its_name() -> None:
    assert uploaded("shop.csv", b"x").for_audit(None).description == {"limit": None, "kind": "the upload shop.csv"}


def test_an_address_is_shown_without_its_secrets() -> None:
    assert named("https://user:pass@shop.example/feed.xml?token=secret").name == "https://shop.example/feed.xml?…"


def test_what_is_no_feed_is_refused_by_its_name() -> None:
    found = preview(uploaded("letter.txt", b"Dear all,\nthis is no feed.\n"))
    assert isinstance(found, Refused) and "letter.txt" in f"{found.name} {found.reason}"


@pytest.mark.parametrize("give", [lambda: uploaded("shop.csv", b""), lambda: pasted(" \n"), lambda: named("  ")])
def test_nothing_given_is_said_in_a_sentence(give: object) -> None:
    assert callable(give)
    with pytest.raises(InputError, match=r"empty|nothing"):
        give()


def test_a_table_that_is_not_understood_gives_its_columns_instead_of_a_dead_end() -> None:
    given = pasted("Ding;Kosten;Langes\nA1;3,50 EUR;hallo welt\nB2;4,50 EUR;ja genau so\n")
    refused = preview(given)
    assert isinstance(refused, Refused) and "none of the attributes" in refused.reason
    assert [(column.column, column.proposal, column.sample) for column in refused.columns] == [
        ("Ding", "title", "A1"), ("Kosten", "price", "3,50 EUR"), ("Langes", "", "hallo welt")
    ]  # fmt: skip

    said = replace(given, columns=(("Ding", "title"), ("Kosten", "price"), ("Langes", "description")))
    found = preview(said)
    assert isinstance(found, Preview) and found.products == 2
    source = said.for_audit(None)
    assert [product["title"] for product in source.products()] == ["A1", "B2"]
    assert source.description["reading"] == {"columns": dict(said.columns)}


def test_what_was_said_of_columns_holds_for_the_next_table_with_the_same_ones() -> None:
    remembered = Remembered()
    text = "Ding;Kosten;Langes\n{}1;3,50 EUR;hallo welt\n{}2;4,50 EUR;ja genau so\n"
    said = (("Ding", "title"), ("Kosten", "price"))
    remembered.preview(replace(pasted(text.format("A", "A")), columns=said))
    given, found = remembered.preview(pasted(text.format("B", "B")))
    assert given.columns == said and isinstance(found, Preview)


def test_a_document_that_is_no_table_is_refused_as_before() -> None:
    with pytest.raises(FeedError):
        preview(pasted("<html><body>Hello</body></html>"))
