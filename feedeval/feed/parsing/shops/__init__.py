"""The exports of shops, in which what a cell means depends on others: one file a shop.

- `bigcommerce`: BigCommerce: rows of products, of their variants and images, and the older bulk edit form
- `choose`: which shop's export a table is, judged by its headings and its first rows
- `magento`: Magento 2 and Adobe Commerce: configurable products and the simple ones that are their variants
- `prestashop`: PrestaShop: products with their headings in the shop's language
- `rows`: what the exports have in common: rows, lists in a cell, families of variants, ids that had to be made
- `shopify`: Shopify: a row a variant, and rows that only carry an image
- `squarespace`: Squarespace: a row a variant, of which the first carries the product's text
- `wix`: Wix: rows of products, of their variants and media
- `woocommerce`: WooCommerce: variable products and their variations, wherever these stand in the file
- `woocommerce_headings`: the headings of a WooCommerce export in any language, told by words and by structure
"""
