"""From any source to products: a file a format, and what all formats share.

- `columns`: which attribute a column, element or key is: standard names, the names of other exports, and one's own
- `containers`: what a source is whose kind its first bytes do not tell alone: workbooks, files of columns, tables in
  memory
- `decode`: bytes to text that is right even where the encoding is not what the source says
- `elements`: one XML element that holds a product -> the pairs of names and raw values that it gives
- `faults`: what was wrong with a source, counted while it is read and told once at the end
- `formats`: the formats of feeds that are read, in one table: what each is called, in messages and in the app
- `frames`/: tables of other libraries (pandas, polars, Arrow, DuckDB), and the files that hold such tables
- `jsontext`: products of JSON and JSON Lines, read as they stream; numbers keep the digits that the feed wrote
- `lines`: lines and rows of text that streams: where records begin and end in a table
- `options`: what a shop lets a buyer choose (colour, size, …) -> attributes, in the shop's own language
- `product`: what a product is once it has been read
- `refusals`: what a source is that holds no products: told by its root and its own names, so that a refusal can say it
- `repair`: products of a broken XML feed: each is cut out of the text and mended by itself, so a fault stays where it
  is
- `shops`: the product exports of Shopify and WooCommerce, in which a cell's meaning depends on others
- `sniff`: what a source is, judged by its content and not by its name
- `sources`: where a feed comes from: a path, an address, bytes or an open file, compressed or not
- `stream`: the products of a source, one at a time, from whatever it is and whatever state it is in
- `table`: products of a table: TSV and CSV, and the exports of Shopify and WooCommerce, which need more than other
  names
- `understood`: what a value means that is not written as a destination wants it: `true` beside what it says of
  availability
- `values`: raw values of any container to the field values of a product: the same product whatever format it came in
- `workbooks`/: Excel and OpenDocument workbooks: which of their sheets is the feed, and what its cells say
- `xml`: products of an XML feed: strictly as long as it is well-formed, then one product at a time
"""
