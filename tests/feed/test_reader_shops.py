"""The exports of shops other than WooCommerce: variants get what their product says."""

from __future__ import annotations

from typing import Any

import pandas as pd

from feedeval.feed.checks.check_feed import check_feed
from feedeval.feed.reader import read_feed
from tests.feed.feeds import read


def some(product: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(product.get(name) for name in names)


LONG = "a-blanket-of-recycled-cotton-and-wool-with-a-strap-to-carry-it-anywhere"
SHOPIFY = f"""Title,URL handle,Description,Vendor,Option1 name,Option1 value,SKU,Price,Compare-at price,\
Price / United States,Inventory tracker,Inventory quantity,Continue selling when out of stock,Product image URL,\
Color (product.metafields.shopify.color-pattern),Title (product.metafields.custom.title)
Blanket,{LONG},Warm,Holm,Size,150 x 200 cm,,49,,55,shopify,0,TRUE,https://i.example/1.jpg,green,Extra
,{LONG},,,,200 x 200 cm,,59,69,,shopify,0,FALSE,,,
,{LONG},,,,,,,,,,,,https://i.example/2.jpg,,
"""


def test_shopify_in_its_newer_headings_with_metafields_and_markets():
    small, large = read(SHOPIFY)[0]
    assert some(small, "title", "price", "size", "availability") == ("Blanket", "49", "150 x 200 cm", "backorder")
    assert some(large, "price", "sale_price", "availability") == ("69", "59", "out_of_stock")
    assert (small["color"], small["price_united_states"]) == ("green", "55")
    assert large["title"] == "Blanket"
    assert large["additional_image_link"] == ["https://i.example/2.jpg"]


def test_no_form_is_asked_of_an_id_that_the_reader_made():
    frame = read_feed(SHOPIFY.encode())
    assert len(frame.loc[0, "id"]) > 50
    found = check_feed(frame)
    assert not set(found["field"]) & {"id", "item_group_id"}
    given = check_feed(pd.DataFrame(frame.drop(columns="_made")))
    assert set(given.query("check == 'too_long'")["field"]) == {"id", "item_group_id"}


def test_shopify_stock_at_several_locations_is_one_product_a_variant():
    rows = [
        "Handle,Title,Option1 Name,Option1 Value,SKU,Location,Available (not editable)",
        "cup,Cup,Size,S,C-S,Oslo,0",
        "cup,Cup,Size,S,C-S,Bergen,2",
        "cup,Cup,Size,L,C-L,Oslo,0",
    ]
    assert [some(p, "id", "size", "availability") for p in read("\n".join(rows) + "\n")[0]] == [
        ("C-S", "S", "in_stock"),
        ("C-L", "L", "out_of_stock"),
    ]


WIX = """handleId,fieldType,name,description,productImageUrl,collection,sku,price,surcharge,discountMode,discountValue,\
inventory,weight,productOptionName1,productOptionType1,productOptionDescription1
p1,Product,Apron,Linen apron,0a1b2c_9.jpg;https://i.example/x.png,Kitchen;Sale,,32.0,,{mode},5.0,InStock,,Color,COLOR,#112233:Navy;#eeeeee:Sand
p1,Variant,,,,,A-N,,0.0,,,12,,,,#112233:Navy
p1,Variant,,,,,,,2.0,,,0,,,,Sand
p2,Product,Cup,Clay cup,,,C-1,9,,,,OutOfStock,,Size,DROP_DOWN,S;L
"""


def test_wix_variants_cost_their_surcharge_less_the_discount():
    navy, sand, cup = read(WIX.replace("{mode}", "AMOUNT"))[0]
    assert some(navy, "id", "title", "color", "price", "sale_price") == ("A-N", "Apron", "Navy", "32.00", "27.00")
    assert some(sand, "id", "price", "sale_price", "availability") == ("p1-sand", "34.00", "29.00", "out_of_stock")
    assert navy["image_link"] == "https://static.wixstatic.com/media/0a1b2c_9.jpg"
    assert navy["additional_image_link"] == ["https://i.example/x.png"]
    assert navy["product_type"] == ["Kitchen", "Sale"]
    assert some(cup, "id", "size", "availability", "item_group_id") == ("C-1", "S, L", "out_of_stock", None)


def test_wix_does_not_say_whether_per_cent_are_taken_off_a_surcharge():
    navy, sand, _ = read(WIX.replace("{mode}", "PERCENT"))[0]
    assert some(navy, "price", "sale_price") == ("32.00", "30.40")
    assert some(sand, "price", "sale_price") == ("34.00", None)


def test_wix_in_its_newer_headings():
    rows = [
        "handle,fieldType,name,plainDescription,media,price,strikethroughPrice,inventory,sku,barcode,"
        "productOptionName[1],productOptionType[1],productOptionChoices[1]",
        "apron,PRODUCT,Apron,Linen,,,,,,,Size,TEXT_CHOICES,S;M",
        "apron,MEDIA,,,https://i.example/a.jpg,,,,,,,,",
        "apron,VARIANT,,,,30,36,IN_STOCK,A-S,4006381333931,Size,,S",
        "apron,VARIANT,,,,30,,0,A-M,,Size,,M",
    ]
    small, medium = read("\n".join(rows) + "\n")[0]
    assert some(small, "price", "sale_price", "size", "gtin") == ("36.00", "30.00", "S", "4006381333931")
    assert some(medium, "title", "image_link", "availability") == ("Apron", "https://i.example/a.jpg", "out_of_stock")


SQUARESPACE = """Product ID [Non Editable],Variant ID [Non Editable],Product Type [Non Editable],Product Page,\
Product URL,Title,Description,SKU,Option Name 1,Option Value 1,Price,Sale Price,\
On Sale,Stock,Categories,Hosted Image URLs
p1,v1,PHYSICAL,store,linen-apron,Apron,Linen,SQ1,Color,Navy,30.00,25.00,Yes,Unlimited,"/aprons, /sale",\
https://i.example/a.jpg https://i.example/b.jpg
,v2,,,,,,SQ2,Color,Sand,32.00,20.00,No,0,,
p2,v3,PHYSICAL,store,cup,Cup,Clay,,,,9.00,0.00,No,4,,
"""


def test_squarespace_variants_share_text_and_images():
    navy, sand, cup = read(SQUARESPACE)[0]
    assert some(navy, "id", "sale_price", "availability", "color") == ("SQ1", "25.00", "in_stock", "Navy")
    assert some(sand, "title", "sale_price", "availability", "item_group_id") == ("Apron", None, "out_of_stock", "p1")
    assert sand["additional_image_link"] == ["https://i.example/b.jpg"]
    assert some(cup, "id", "item_group_id", "availability", "link") == ("v3", None, "in_stock", None)


BIGCOMMERCE = """Item,ID,Name,Type,SKU,Options,Inventory Tracking,Current Stock,Price,Sale Price,Brand ID,Categories,\
Description,Product URL,UPC/EAN,Global Trade Number,Internal Image URL (Export),Image is Thumbnail
Product,77,Tote,physical,BC,,variant,0,18,0,38,18;20,Canvas tote,/tote/,,,,
Variant,78,,,BC-L,Type=Rectangle List|Name=Size|Value=Large,,2,0,,,,,,,4006381333931,,
Variant,79,,,,Type=Rectangle List|Name=Size|Value=Small,,0,19,15,,,,,,,https://i.example/s.jpg,
Image,1,,,,,,,,,,,,,,,https://i.example/2.jpg,FALSE
Image,2,,,,,,,,,,,,,,,https://i.example/1.jpg,TRUE
"""


def test_bigcommerce_variants_and_images_belong_to_the_product_before_them():
    large, small = read(BIGCOMMERCE)[0]
    assert some(large, "id", "title", "price", "sale_price", "size") == ("BC-L", "Tote", "18", None, "Large")
    assert some(large, "image_link", "gtin") == ("https://i.example/1.jpg", "4006381333931")
    assert some(small, "id", "price", "sale_price", "availability") == ("79", "19", "15", "out_of_stock")
    assert small["image_link"] == "https://i.example/s.jpg"
    assert "link" not in small


def test_what_an_export_holds_half_is_not_reported_as_missing():
    found = check_feed(read_feed(BIGCOMMERCE.encode()))
    assert not set(found["check"]) & {"missing_brand", "missing_category"}
    (told,) = found.query("check == 'unread_columns'")["message"]
    assert "“Brand ID” looks like brand" in told


def test_bigcommerce_in_its_older_form():
    rows = [
        "Item Type,Product ID,Product Name,Product Code/SKU,Brand Name,Option Set,Price,Sale Price,Current Stock Level,"
        "Category,Product Image File - 1,Product Image Is Thumbnail - 1",
        "Product,12,Tee,TEE,Holm,Tees,20,0,0,Wear/Tees;Sale,https://i.example/t.jpg,Y",
        '  SKU,,"[RT]Size=Small,[CS]Color=Red",TEE-S,,,,,4,,,',
        "  Rule,,[S]TEE-S,,,,[ADD]2,,,,,",
    ]
    (tee,) = read("\n".join(rows) + "\n")[0]
    assert some(tee, "id", "title", "brand", "size", "color", "price", "item_group_id") == (
        *("TEE-S", "Tee", "Holm", "Small", "Red", "20", "TEE"),
    )


MAGENTO_HEAD = "sku,store_view_code,attribute_set_code,product_type,categories,name,description,price,special_price,\
visibility,base_image,additional_images,qty,is_in_stock,additional_attributes,configurable_variations,\
configurable_variation_labels\n"
SIMPLE = 'W-S,,Default,simple,,Hoodie-S,,39,29,Not Visible Individually,,,3,1,"color=Red,size=S,manufacturer=Holm",,\n'
CONFIGURABLE = (
    'W,,Default,configurable,"Root/Men,Root/Men/Tops",Hoodie,Warm,,,"Catalog, Search",https://i.example/a.jpg,\
,0,1,,"sku=W-S,size=S,color=Red|sku=W-M,size=M,color=Red","size=Size,color=Color"\n'
)


def test_magento_variants_before_or_after_their_product():
    for rows in (SIMPLE + CONFIGURABLE, CONFIGURABLE + SIMPLE):
        (hoodie,) = read(MAGENTO_HEAD + rows)[0]
        assert some(hoodie, "id", "description", "size", "color", "brand") == ("W-S", "Warm", "S", "Red", "Holm")
        assert some(hoodie, "price", "sale_price", "item_group_id") == ("39", "29", "W")
        assert hoodie["product_type"] == ["Root > Men", "Root > Men > Tops"]


def test_magento_pictures_without_a_beginning_are_no_addresses():
    row = "C,,Default,simple,,Cup,A cup,5,,,/c/u/cup.jpg,/c/u/top.jpg,1,1,,,\n"
    (cup,), columns = read(MAGENTO_HEAD + row)[0], read_feed((MAGENTO_HEAD + row).encode()).attrs["feedeval"]["columns"]
    assert "image_link" not in cup and cup["base_image"] == "/c/u/cup.jpg"
    assert {c["column"]: c["proposal"] for c in columns if c["proposal"]}["base_image"] == "image_link"
    assert "missing_required" not in {
        check
        for check, field in check_feed(read_feed((MAGENTO_HEAD + row).encode()))[["check", "field"]].to_numpy()
        if field == "image_link"
    }


def test_magento_products_that_nobody_claims_stay_and_store_views_do_not():
    view = "C,fr,,,,Tasse,,,,,,,,,,,\n"
    cup = 'C,,Default,simple,,Cup,Clay,9,,"Catalog, Search",,,0,0,,,\n'
    found, warning = read(MAGENTO_HEAD + cup + view + SIMPLE)
    assert [product["id"] for product in found] == ["C", "W-S"]
    assert "store_view_code" in warning


def test_prestashop_in_french():
    text = (
        "ID;Actif (0/1);Nom *;Catégories (x,y,z...);Prix HT;Référence n°;Fabricant;EAN13;Quantité;Résumé;"
        "URL des images (x,y,z...);Caractéristique (Nom:Valeur:Position)\n"
        "1;1;Tasse;Maison,Cuisine;10,50;T-1;Holm;4006381333931;3;Grès;https://i.example/1.jpg,https://i.example/2.jpg;"
        "Matière:Grès:1\n"
    )
    (cup,), warning = read(text)
    assert some(cup, "title", "price", "brand", "availability") == ("Tasse", "10,50", "Holm", "in_stock")
    assert cup["additional_image_link"] == ["https://i.example/2.jpg"]
    assert cup["product_detail"] == [{"attribute_name": "Matière", "attribute_value": "Grès"}]
    assert "without tax" in warning


def test_shopify_without_the_column_of_the_tracker_says_no_stock_of_what_it_does_not_count():
    head = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price"
    text = "cup,Cup,Size,S,C-S,0,5\ncup,,,M,C-M,3,5\n"
    assert [p.get("availability") for p in read(f"{head}\n{text}")[0]] == [None, "in_stock"]
    rows = ["cup,Cup,Size,S,C-S,0,5,", "cup,,,M,C-M,0,5,shopify"]
    tracked = read("\n".join([f"{head},Variant Inventory Tracker", *rows]))[0]
    assert [p["availability"] for p in tracked] == ["in_stock", "out_of_stock"]


def test_a_shopify_row_that_only_carries_an_image_says_nothing_of_stock():
    (found,) = read("Handle,Title,Variant SKU,Variant Price,Image Src\ncup,,,,https://i.example/1.jpg\n")[0]
    assert "availability" not in found and found["image_link"] == "https://i.example/1.jpg"


def test_shopify_prices_that_cannot_be_compared_are_both_kept():
    (found,) = read('Handle,Title,Variant Price,Variant Compare At Price\ncup,Cup,"1,299.00","1,499.00"\n')[0]
    assert some(found, "price", "sale_price", "compare_at_price") == ("1,299.00", None, "1,499.00")
