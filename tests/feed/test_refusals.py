"""What is said of files that hold something else than products."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from feedeval.errors import FeedError
from feedeval.feed.reader import iter_feed
from tests.feed.feeds import GOOGLE, read

PROLOG = '<?xml version="1.0"?>\n'


def listings(*names: str) -> str:
    inside = "".join(f"<{name}>x</{name}>" for name in names)
    return f"{PROLOG}<listings><title>L</title><listing>{inside}</listing></listings>"


HOTEL = {"hotel_id": "1", "name": "Inn", "description": "Rooms", "base_price": "90 EUR", "url": "https://i.example"}
PROMOTION = (
    "<g:promotion_id>P</g:promotion_id><g:long_title>10 % off</g:long_title>"
    "<g:promotion_effective_dates>2026-01-01/2026-02-01</g:promotion_effective_dates>"
)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (listings("hotel_id", "name", "base_price", "brand"), "a hotel catalogue"),
        (listings("hotel_id", "star_rating", "id"), "a hotel catalogue"),
        (listings("origin_airport", "destination_airport", "price"), "a flight catalogue"),
        (listings("destination_id", "name", "address"), "a destination catalogue"),
        (listings("home_listing_id", "name", "num_beds"), "a home listing catalogue"),
        (listings("vehicle_id", "vin", "make", "model"), "a vehicle listing feed"),
        (listings("foo"), "a listing feed"),
        (f"{','.join(HOTEL)}\n{','.join(HOTEL.values())}\n", "a hotel catalogue"),
        (json.dumps([HOTEL]), "a hotel catalogue"),
        ("origin_airport\tdestination_airport\tprice\nBER\tLIS\t90 EUR\n", "a flight catalogue"),
        ("vehicle_id,title,make,model,mileage.value,price\n1,Car,A,B,9,9 EUR\n", "a vehicle listing feed"),
        ("home_listing_id;name;price\n1;Flat;9 EUR\n", "a home listing catalogue"),
        (f"{PROLOG}<rss {GOOGLE}><channel><title>x</title><link>y</link><item>{PROMOTION}</item></channel></rss>",
         "a feed of promotions"),
        ("promotion_id\toffer_type\tlong_title\tpromotion_effective_dates\nP\tno_code\t10 off\t2026\n",
         "a feed of promotions"),
        (f"{PROLOG}<feed><reviews><review><review_id>1</review_id><content>x</content></review></reviews></feed>",
         "a feed of product reviews"),
        (f"{PROLOG}<feed><merchants><merchant id='1'/></merchants><reviews><review id='1'/></reviews></feed>",
         "a feed of reviews of a shop"),
        ("Store code,Business name,Address line 1\n1,Kettles,Main street\n", "a list of stores"),
        (f"{PROLOG}<source><job><title>Baker</title><company>B</company></job></source>", "a list of jobs"),
        (f"{PROLOG}<urlset><url><loc>https://x.example</loc></url></urlset>", "a sitemap"),
        (f"{PROLOG}<opml><body/></opml>", "a list of news feeds"),
        (f"{PROLOG}<gpx><wpt lat='1' lon='2'/></gpx>", "a GPX track"),
        (f"{PROLOG}<kml><Document/></kml>", "a KML file"),
        (f"{PROLOG}<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
         "an error message of a server.*AccessDenied: Access Denied"),
        (f"{PROLOG}<s:Envelope xmlns:s='u'><s:Body><s:Fault><faultstring>No login</faultstring></s:Fault></s:Body>"
         "</s:Envelope>", "an error message of a web service.*No login"),
        (f"{PROLOG}<rss xmlns:wp='http://wordpress.org/export/1.2/'><channel><item><title>a</title></item></channel></rss>",
         "a backup of a WordPress site"),
        (f"{PROLOG}<rss xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'><channel><item><title>a</title>"
         "<enclosure url='https://x.example/1.mp3' type='audio/mpeg'/></item></channel></rss>", "a podcast"),
        (f"{PROLOG}<rss><channel><item><title>a</title><link>b</link><pubDate>c</pubDate></item></channel></rss>",
         "a news feed"),
    ],
)  # fmt: skip
def test_a_refusal_says_what_was_found_and_what_is_read(content: str, found: str):
    with pytest.raises(FeedError, match=f"found {found}") as raised:
        list(iter_feed(content.encode()))
    assert "feedeval reads Google Shopping XML" in str(raised.value)


@pytest.mark.parametrize(
    "content",
    [
        "id,title,price,vehicle_id,make,model,year\n1,Brake pad,9 EUR,7,A,B,2020\n",
        "id,title,price,promotion_id,link\n1,Lamp,9 EUR,P,https://l.example\n",
        "store_code\tid\tprice\tavailability\nA\t1\t9 EUR\tin_stock\n",
        '[{"id": "1", "title": "Lamp", "price": "9 EUR", "reviews": [{"review_id": "1", "rating": 5}]}]\n',
        f"{PROLOG}<shop><product><id>1</id><name>Lamp</name><price>9</price><reviews><review><review_id>1</review_id>"
        "<rating>5</rating></review></reviews></product></shop>",
    ],
)
def test_products_that_have_such_names_too_are_read(content: str):
    assert read(content)[0][0]["id"] == "1"


def test_who_gives_names_their_meaning_is_not_refused():
    content = f"{','.join(HOTEL)}\n{','.join(HOTEL.values())}\n"
    assert read(content, columns={"hotel_id": "id"})[0][0]["id"] == "1"


def test_the_cases_are_named(shared: Path):
    for name, found in (("meta_hotels_listings.xml", "hotel"), ("product_ratings.xml", "product reviews")):
        with pytest.raises(FeedError, match=found):
            list(iter_feed(shared / "cases" / name))
