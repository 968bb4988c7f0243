"""What a source is that holds no products: told by its root and its own names, so that a refusal can say it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from feedeval.feed.parsing.columns import squeeze

_TAG_NAME = re.compile(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)[\s/>]")
_ENTRY = re.compile(r"<(?:[\w.-]+:)?(?:item|entry)[\s>]")
_NO_PRODUCTS = "and not products"


@dataclass(frozen=True, slots=True)
class _Kind:
    """A catalogue of something else.

    Attributes:
        what: What a refusal calls it.
        marks: Sets of names; all of one set have to be there.
        never: Names of which none may be there: they speak of products.
    """

    what: str
    marks: tuple[frozenset[str], ...]
    never: frozenset[str] = frozenset({"gtin", "ean", "sku", "mpn"})


def _marks(*sets: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(names.split()) for names in sets)


_OF_PRODUCTS = frozenset("id itemid productid offerid articleid sku gtin ean mpn".split())
_CATALOGUES = (
    _Kind(
        f"a hotel catalogue (Meta's hotels), which describes places to stay {_NO_PRODUCTS}",
        _marks("hotelid baseprice", "hotelid starrating", "hotelid name", "hotelid roomtype", "hotelid hotelname"),
    ),
    _Kind(
        f"a flight catalogue (Meta's flights), which describes connections {_NO_PRODUCTS}",
        _marks("originairport destinationairport"),
    ),
    _Kind(
        f"a destination catalogue (Meta's destinations), which describes places to travel to {_NO_PRODUCTS}",
        _marks("destinationid name", "destinationid neighborhood", "destinationid address"),
    ),
    _Kind(
        f"a home listing catalogue (real estate), which describes homes {_NO_PRODUCTS}",
        _marks("homelistingid", "numbeds numbaths propertytype", "listingtype propertytype numbeds"),
    ),
    _Kind(
        f"a vehicle listing feed, which describes cars {_NO_PRODUCTS}",
        _marks(
            "vehicleid make", "vehicleid model", "vehicleid vin", "vehicleid title", "vin make model mileage",
            "vin make model mileagevalue", "vin make model stateofvehicle", "vehicleofferid make",
        ),
        _OF_PRODUCTS,
    ),
    _Kind(
        "a feed of promotions (Google's promotions), which describes offers on products and not the products",
        _marks("promotionid promotioneffectivedates", "promotionid longtitle", "promotionid offertype"),
        frozenset("link imagelink availability gtin".split()),
    ),
    _Kind(
        "a feed of product reviews, which holds what buyers said and not the products",
        _marks("reviewid rating", "reviewid ratings", "reviewid content", "reviewid reviewer", "reviewid overall"),
        frozenset("price availability imagelink".split()),
    ),
    _Kind(
        "a list of stores (Google Business Profile or local feeds), which holds addresses of shops and no products",
        _marks("storecode businessname", "storecode addressline1", "storecode storename", "storecode streetaddress",
               "storecode storeaddress"),
        _OF_PRODUCTS,
    ),
    _Kind(
        "a list of jobs, which describes vacancies and not products",
        _marks("jobtitle company", "jobid company", "jobtitle salary", "jobreference company"),
        _OF_PRODUCTS | {"price"},
    ),
)  # fmt: skip
_ROOTS = {
    "listings": f"a listing feed (<listings>), as Meta has it for vehicles, hotels, flights and homes {_NO_PRODUCTS}",
    "urlset": "a sitemap (<urlset>), which holds addresses only",
    "sitemapindex": "a sitemap index (<sitemapindex>), which holds addresses of sitemaps only",
    "opml": "a list of news feeds (<opml>)",
    "html": "an HTML page",
    "svg": "an SVG image",
    "gpx": "a GPX track, which holds places on a map",
    "kml": "a KML file, which holds places on a map",
    "jobs": "a list of jobs (<jobs>), which describes vacancies and not products",
    "joblist": "a list of jobs, which describes vacancies and not products",
    "jobpostings": "a list of jobs, which describes vacancies and not products",
    "listbucketresult": "the list of the files in a cloud storage (<ListBucketResult>), not one of the files",
    "enumerationresults": "the list of the files in a cloud storage (<EnumerationResults>), not one of the files",
    "multistatus": "the answer of a WebDAV server (<multistatus>)",
    "definitions": "the description of a web service (WSDL)",
    "schema": "an XML schema, which describes a format and holds no products",
    "stylesheet": "an XSL stylesheet",
    "plist": "an Apple property list",
    "workbook": "an Excel workbook as XML; save the sheet as CSV",
    "invoice": "an invoice and not a feed",
}
_ERROR_ROOTS = {"error", "errors", "errorresponse", "fault", "exception", "problem", "serviceexceptionreport"}
_ERROR_TEXTS = ("Code", "code", "faultcode", "faultstring", "Message", "message", "Text", "title", "detail", "error")


def other_xml(root: str, text: str) -> str:
    """Return what a document with this root element is, where it is known to hold no products; else an empty string.

    Args:
        root: Local name of the root element.
        text: The document as far as it was looked at.
    """
    local = root.lower()
    if local == "envelope" or local in _ERROR_ROOTS:
        return _answer(local, text)
    kind = _rss_kind(text) if local in ("rss", "rdf", "channel") else ""
    if kind:
        return kind
    # What stands before the entries of RSS and Atom speaks of the shop.
    first = _ENTRY.search(text) if local in ("rss", "rdf", "channel", "feed") else None
    names = {squeeze(name) for name in _TAG_NAME.findall(text, first.start() if first else 0)}
    if local == "feed":
        if "reviews" in names and names & {"review", "reviewid"}:
            shop = "merchantreviews" in names or {"merchants", "merchant"} & names
            about = "reviews of a shop (Google's merchant reviews)" if shop else "product reviews (Google's ratings)"
            return f"a feed of {about}, which holds what buyers said and not the products"
        if names & {"merchants", "merchant"} and "store" in names and "product" not in names:
            return "a list of stores (Google's local feeds), which holds addresses of shops and no products"
    if local in ("source", "jobs") and "job" in names and names & {"jobtitle", "title"} and "price" not in names:
        return "a list of jobs (<job>), which describes vacancies and not products"
    return other_catalogue(names, listed=local == "listings") or _ROOTS.get(local, "")


def other_catalogue(names: Iterable[str], *, listed: bool = False) -> str:
    """Return what a catalogue with these names of columns, elements or keys describes, if not products.

    Args:
        names: All names that the catalogue has.
        listed: It is sure that it is none of products.
    """
    squeezed = {squeeze(name) for name in names}
    for kind in _CATALOGUES:
        if any(marks <= squeezed for marks in kind.marks) and (listed or not kind.never & squeezed):
            return kind.what
    return ""


def _rss_kind(text: str) -> str:
    """Return what an RSS document holds, where its vocabulary says that it is no feed of a shop."""
    if "base.google.com" in text or re.search(r"<g:(?!plus)[a-z_]+[\s>]", text):
        return ""
    if "wordpress.org/export" in text:
        return (
            "a backup of a WordPress site (WXR), which holds posts and pages; of WooCommerce, export the products as "
            "CSV"
        )
    if "itunes.com/dtds/podcast" in text and re.search(r"<enclosure\b[^>]*type\s*=\s*[\"'](?:audio|video)/", text):
        return "a podcast (RSS with sound or film), whose entries are episodes and not products"
    return ""


def _answer(local: str, text: str) -> str:
    """Return what a server says in a SOAP document or an error document that stands where the feed should."""
    said = []
    for name in _ERROR_TEXTS:
        match = re.search(rf"<(?:[\w.-]+:)?{name}(?:\s[^<>]*)?>\s*(?:<!\[CDATA\[)?([^<>\]]+)", text)
        if match and (words := " ".join(match[1].split())[:120]) not in said:
            said.append(words)
    quoted = f" that says {': '.join(said[:2])!r}" if said else ""
    if local == "envelope" and "ault" not in text:
        return "the answer of a web service (SOAP), not a feed"
    if local == "envelope":
        return f"an error message of a web service (SOAP){quoted}"
    return f"an error message of a server (XML){quoted}"
