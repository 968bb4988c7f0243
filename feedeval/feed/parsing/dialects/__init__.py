"""XML that is neither RSS nor Atom: the formats of price comparisons, and any other in which one element repeats.

- `anything`: any element that holds a product -> its pairs: children, XML attributes, and values that carry their name
- `ceneo`: Ceneo (`<offers><o id= price= avail=>`)
- `definitions`: what stands before the products and is meant by them: categories by their ids
- `heureka`: Heureka, Zboží.cz and what is modelled on them (`<SHOP><SHOPITEM>`)
- `parts`: the children, texts and named values of an element, whatever namespace they are in
- `skroutz`: Skroutz (`<mywebstore><products><product>` with `<price_with_vat>`)
- `structure`: which element of an unknown document holds a product: judged by what repeats and what is recognised
- `table`: the formats in one table: what tells each from the others, and what reads its elements
- `yandex`: Yandex Market's YML (`<yml_catalog><shop><offers><offer>`)
"""
