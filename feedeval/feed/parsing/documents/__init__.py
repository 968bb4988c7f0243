"""Documents whose products have their variants inside: what recognises each, and the rows that come of it.

- `commerce`: products of the Agentic Commerce Protocol and of the Universal Commerce Protocol
- `envelopes`: what stands around products: lists under a key, pages of an answer, and lines that describe the feed
- `families`: products whose variants stand in entries of their own
- `fields`: what all documents share: values as text, lists however they are wrapped, and the row they are put into
- `jsonld`: products of schema.org in JSON-LD
- `linked`: JSON-LD with one spelling of types, keys and values
- `merchant`: products of Google's Merchant API and of the Content API before it
- `offers`: offers of schema.org -> price, sale price, availability and condition
- `shapes`: the shapes of products in one table, and what turns entries into the pairs of their variants
- `shopify`: products of Shopify: storefront, Admin REST and GraphQL
- `woocommerce`: products of WooCommerce: REST API and Store API
"""
