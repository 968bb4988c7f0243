"""Pages that are not the product's, though they answer as if they were: told as such, and never compared."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from feedeval.feed.pages.amounts import is_lowest, prices_in
from feedeval.feed.pages.check_pages import check_pages
from feedeval.feed.pages.contradictions import Contradictions
from feedeval.feed.pages.limits import PageLimits
from feedeval.feed.pages.page import Page, Stored, read
from feedeval.feed.pages.pages import Entry, Pages
from feedeval.feed.pages.read_pages import read_pages
from tests.feed.pages import shop

LINK = "https://shop.example/p/fjellby-lamp"
LAMP: dict[str, Any] = {
    **{"id": "L-1", "title": "Fjellby lamp", "link": LINK, "price": "49.90 EUR", "availability": "in_stock"},
    **{"gtin": "4006381333931", "brand": "Fjellby"},
}
WAITS = "the shop asks whether a person is there, and shows no page before that"


def html(title: str, main: str = "", head: str = "") -> str:
    return f"<html><head><title>{title}</title>{head}</head><body><main>{main}</main></body></html>"


def read_of(page: str) -> Page:
    return read_pages([LAMP], pages={LINK: page})[0]


def checked(page: str, **product: Any) -> Contradictions:
    feed = [{**LAMP, **product}]
    return check_pages(feed, read_pages(feed, pages={feed[0]["link"]: page}))


def kinds(found: Contradictions) -> list[tuple[str, str]]:
    return list(zip(found["field"], found["check"], strict=True))


@pytest.mark.parametrize(
    ("title", "line"),
    [
        ("Page not found | Shop", "Try the search."),
        ("Shop", "This product no longer exists."),
        ("Seite nicht gefunden", "Vielleicht suchen Sie das hier."),
        ("Laden", "Dieser Artikel ist nicht mehr im Sortiment."),
        ("Page introuvable", "Retour à l’accueil"),
        ("Boutique", "Ce produit n’existe plus"),
        ("Tienda", "Producto no encontrado"),
        ("Winkel", "Dit product bestaat niet meer."),
        ("Negozio", "Prodotto non trovato"),
        ("Loja", "Página não encontrada"),
        ("Sklep", "Nie znaleziono produktu"),
        ("Obchod", "Stránka nebyla nalezena"),
        ("ショップ", "お探しの商品は見つかりませんでした"),
        ("404", "Hm."),
    ],
)
def test_a_page_that_says_that_there_is_no_such_product_is_not_compared(title: str, line: str) -> None:
    page = html(title, f"<h2>{line}</h2><p>Popular: lamps, tents</p>")
    assert read_of(page).says_gone and "not this product" in read_of(page).problem
    found = checked(page)
    assert kinds(found) == [("link", "page_not_this_product")] and found["severity"].iloc[0] == "error"
    assert found.attrs["feedeval"]["pages"] == 0 and sum(found.attrs["feedeval"]["no_page"].values()) == 1


@pytest.mark.parametrize(
    "page",
    [
        html("Lens, model 404", "<h1>Lens, model 404</h1><p>€49.90</p>"),
        html("Fjellby lamp", "<h1>Fjellby lamp</h1><p>€49.90</p><p>This product has been removed from the sale.</p>"),
        html(
            "Page not found T-shirt",
            "<p>€49.90</p>",
            shop.script(
                {"@type": "Product", "name": "Page not found T-shirt", "offers": {"price": "49.90", "@type": "Offer"}}
            ),
        ),
        html("Fjellby lamp", "<h1>Fjellby lamp</h1><p>A lamp.</p><div class='cookie-bar'>We use cookies</div>" * 3),
        html("Security check valve", "<h1>Brass valve</h1><p>€49.90</p>").replace("Security", "Brass security"),
        html("Fjellby lamp", "<p>€49.90</p><form><div class='g-recaptcha'></div></form>"),
    ],
)
def test_a_page_that_may_be_the_products_is_compared(page: str) -> None:
    assert read_of(page).is_read
    assert "page_not_this_product" not in set(checked(page)["check"])


@pytest.mark.parametrize(
    "page",
    [
        html("Just a moment...", "<h2>Checking if the site connection is secure</h2>"),
        html("shop.example", "<div id='px-captcha'></div><p>Press &amp; hold</p>"),
        html("Attention Required! | Cloudflare", "<p>You have been blocked</p>"),
        html("shop.example", "", "<script src='https://ct.captcha-delivery.com/c.js'></script>"),
    ],
)
def test_a_challenge_is_called_one(page: str) -> None:
    assert read_of(page).problem == WAITS
    found = checked(page)
    assert found.empty and found.attrs["feedeval"]["no_page"] == {WAITS: 1}


def test_a_challenge_in_the_head_of_an_answer_is_called_one(tmp_path: Path) -> None:
    class Guarded(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if self.path == "/robots.txt" else 403)
            self.send_header("cf-mitigated", "challenge")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Guarded) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        feed = [{**LAMP, "link": f"http://127.0.0.1:{server.server_port}/p/1"}]
        quick = PageLimits(pause_s=0, timeout_s=5)
        pages = read_pages(feed, cache_dir=tmp_path, allow_private=True, limits=quick, progress=False)
        server.shutdown()
    assert pages[0].problem == f"it answers 403 Forbidden: {WAITS}"


@pytest.mark.parametrize(
    "page",
    [
        html("Before you continue", "<h1>Before you continue</h1><p>" + "We share data with partners. " * 20 + "</p>"),
        html("Laden", "<div id='cookie-wall'><p>Wir verwenden Cookies.</p><button>Alle akzeptieren</button></div>"),
        html("Wine", "<p>Are you over 18?</p><button>Yes</button>"),
    ],
)
def test_a_wall_is_called_one(page: str) -> None:
    assert read_of(page).problem == "the shop asks for consent first, and shows no page before that"
    assert checked(page).empty


def test_the_home_page_in_the_place_of_the_products_is_not_compared() -> None:
    front = html("Lumen: all that shines", "<p>New: €19.90</p>", '<link rel="canonical" href="https://shop.example/">')
    found = checked(front)
    assert kinds(found) == [("link", "page_not_this_product")] and "home page" in found["message"].iloc[0]
    stored = Stored(LINK, front, final_url="https://shop.example/de/", status=200)
    pages = Pages([Entry("L-1", LINK)], Given(stored))
    assert kinds(check_pages([LAMP], pages)) == [("link", "page_not_this_product")]


def test_a_list_in_the_place_of_the_product_is_not_compared() -> None:
    items = [
        {"@type": "ListItem", "item": {"@type": "Product", "name": name, "offers": {"@type": "Offer", "price": price}}}
        for name, price in (("Cup", "5.00"), ("Plate", "7.00"))
    ]
    listing = shop.script({"@context": "https://schema.org", "@type": "ItemList", "itemListElement": items})
    elsewhere = html(
        "Kitchen", "<p>€5.00</p>", f'<link rel="canonical" href="https://shop.example/c/kitchen">{listing}'
    )
    found = checked(elsewhere)
    assert kinds(found) == [("link", "page_not_this_product")] and "lists 2 others" in found["message"].iloc[0]
    own = html("Fjellby lamp", "<h1>Fjellby lamp</h1><p>€49.90</p>", listing)
    assert checked(own).empty


class Given:
    """One page, for whoever asks."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored

    def page(self, product_id: str, link: str) -> Stored:
        del product_id, link
        return self._stored

    def name(self, product_id: str, link: str) -> str:
        del product_id
        return link


def product_page(text: str, **offer: Any) -> str:
    data = {"@context": "https://schema.org", "@type": "Product", "name": "Fjellby lamp", "gtin13": "4006381333931"}
    told = shop.script({**data, "offers": {"@type": "Offer", "priceCurrency": "EUR", **offer}}) if offer else ""
    return html("Fjellby lamp", f"<h1>Fjellby lamp</h1>{text}", told)


@pytest.mark.parametrize(
    ("text", "prices"),
    [
        ("<p>49,90 € (12,50 € / kg)</p>", ["49,90 €"]),
        ("<p>49,90 €</p><p>1 kg = 12,50 €</p>", ["49,90 €"]),
        ("<p>49,90 €</p><p>12,50 € pro 100 g</p>", ["49,90 €"]),
        ("<p>49,90 €* (12,50 €* / 1 Liter)</p>", ["49,90 €"]),
        ("<p>49,90 €</p><p>12,50 € le kilo</p>", ["49,90 €"]),
        ("<p>499 Kč</p><p>412,40 Kč bez DPH</p>", ["499 Kč"]),
        ("<p>412,40 Kč bez DPH</p>", ["412,40 Kč"]),
        ("<p><del>€79.90</del> €49.90</p>", ["€49.90"]),
        ("<p><span style='text-decoration: line-through'>€79.90</span> €49.90</p>", ["€49.90"]),
        ("<p>Nur 49,90 EUR Statt 79,90 EUR</p>", ["49,90 EUR"]),
        ("<p>from €19.90</p>", []),
        ("<p>ab 19,90 €</p>", []),
        ("<p>€49.90</p><h3>Related products</h3><p>€5.00</p>", ["€49.90"]),
    ],
)
def test_what_a_product_costs_is_told_from_other_amounts(text: str, prices: list[str]) -> None:
    assert [one.words for one in prices_in(read(Stored(LINK, html("x", text))).text)] == prices


def test_a_price_that_only_begins_somewhere_contradicts_no_dearer_variant() -> None:
    assert is_lowest("ab 19,90 €") and is_lowest("From £5") and not is_lowest("19.90 EUR")
    page = product_page("", price="ab 39,90 €")
    assert checked(page).empty
    assert kinds(checked(page, price="29.90 EUR")) == [("price", "page_price_differs")]


@pytest.mark.parametrize(
    ("stated", "theirs", "differs"),
    [("44E01", "44E01", False), ("shopify_GB_8001", "8001", False), ("lamps", "44E01", True), ("lamps", "", False)],
)
def test_the_group_of_the_feed_is_that_of_the_pages_data(stated: str, theirs: str, differs: bool) -> None:
    variant = {"@type": "Product", "gtin13": "4006381333931", "name": "Fjellby lamp, red"}
    variant["offers"] = {"@type": "Offer", "price": "49.90", "priceCurrency": "EUR"}  # type: ignore[assignment]
    data = {"@context": "https://schema.org", "@type": "ProductGroup", "name": "Fjellby lamp", "sku": "FL"}
    data |= {"hasVariant": [variant, {**variant, "gtin13": "4006381333948"}]} | (
        {"productGroupID": theirs} if theirs else {}
    )
    found = checked(html("Fjellby lamp", "", shop.script(data)), item_group_id=stated)
    assert (("item_group_id", "page_group_differs") in kinds(found)) is differs
    assert differs or found.empty


def test_a_label_before_the_state_of_the_stock_is_understood() -> None:
    assert kinds(checked(product_page("<ul><li>Availability: Out of stock</li></ul>"))) == [
        ("availability", "page_availability_differs")
    ]
    assert checked(product_page("<ul><li>Verfügbarkeit: Auf Lager</li></ul>")).empty


def test_of_several_products_of_a_page_that_is_meant_whose_address_it_has() -> None:
    def one(name: str, path: str, price: str) -> dict[str, Any]:
        offer = {"@type": "Offer", "price": price, "priceCurrency": "EUR"}
        return {"@context": "https://schema.org", "@type": "Product", "name": name, "url": path, "offers": offer}

    made = [
        one("Lamp by Fjellby", "/p/fjellby-lamp", "49.90"),
        one("Cup", "/p/cup", "5.00"),
        one("Tent", "/p/t", "9.00"),
    ]
    page = html("Shop", "<h1>Lamp</h1>", "".join(map(shop.script, made)))
    assert checked(page, gtin=None, brand=None).empty
    assert kinds(checked(page, price="59.90 EUR")) == [("price", "page_price_differs")]


def test_what_a_page_recommends_in_the_place_of_a_product_is_not_compared() -> None:
    offer = {"@type": "Offer", "price": "5.00", "priceCurrency": "EUR"}
    other = shop.script({"@context": "https://schema.org", "@type": "Product", "name": "Cup", "offers": offer})
    page = html("Shop", "<h1>Produkt nicht gefunden</h1><p>Beliebt: Cup, 5,00 €</p>", other)
    assert kinds(checked(page)) == [("link", "page_not_this_product")]


def test_a_price_that_a_buyer_reads_as_the_lowest_contradicts_no_dearer_variant() -> None:
    page = product_page("<p>As low as <span>€39.90</span></p>", price="39.90")
    assert checked(page).empty
    assert kinds(checked(page, price="29.90 EUR")) == [("price", "page_price_differs")]
    both = product_page("<p>As low as €39.90</p><p>€39.90</p>", price="39.90")
    assert kinds(checked(both)) == [("price", "page_price_differs")]


def test_two_pieces_of_data_that_write_one_price_in_two_ways_are_of_one_product() -> None:
    def data(price: object) -> str:
        offer = {"@type": "Offer", "price": price, "priceCurrency": "EUR"}
        return shop.script({"@context": "https://schema.org", "@type": "Product", "name": "A lamp", "offers": offer})

    page = html("Fjellby lamp", "<h1>Fjellby lamp</h1>", data("49.90") + data(49.9))
    assert checked(page).empty
    assert kinds(checked(page, price="59.90 EUR")) == [("price", "page_price_differs")]
