"""From any source to products: a file a format, and what all formats share.

- `columns`: which attribute a column, element or key is: standard names, the names of other exports, and one's own
- `containers`: what a source is whose kind its first bytes do not tell alone: workbooks, files of columns, tables in
  memory
- `decode`: bytes to text that is right even where the encoding is not what the source says
- `documents`/: JSON documents whose products have their variants inside: a file a kind, and the rows that come of it
- `dialects`/: XML that is neither RSS nor Atom: the formats of price comparisons, and any other in which one element
  repeats
- `elements`: one XML element that holds a product -> the pairs of names and raw values that it gives
- `faults`: what was wrong with a source, counted while it is read and told once at the end
- `formats`: the formats of feeds that are read, in one table: what each is called, in messages and in the app
- `frames`/: tables of other libraries (pandas, polars, Arrow, DuckDB), and the files that hold such tables
- `jsontext`: products of JSON and JSON Lines, read as they stream; numbers keep the digits that the feed wrote
- `lines`: lines and rows of text that streams: where records begin and end in a table
- `money`: amounts in minor units, in millionths or beside their currency -> prices as destinations write them
- `options`: what a shop lets a buyer choose (colour, size, …) -> attributes, in the shop's own language
- `product`: what a product is once it has been read
- `proposals`: what the columns of a table are read as, and what those seem to be that nobody understands
- `refusals`: what a source is that holds no products: told by its root and its own names, so that a refusal can say it
- `repair`: products of a broken XML feed: each is cut out of the text and mended by itself, so a fault stays where it
  is
- `shops`: the exports of shops, in which what a cell means depends on others: one file a shop
- `sniff`: what a source is, judged by its content and not by its name
- `sources`: where a feed comes from: a path, an address, bytes or an open file, compressed or not
- `stream`: the products of a source, one at a time, from whatever it is and whatever state it is in
- `table`: products of a table: TSV and CSV, and the exports of shops, which need more than other names
- `understood`: what a value means that is not written as a destination wants it: `true` beside what it says of
  availability
- `values`: raw values of any container to the field values of a product: the same product whatever format it came in
- `workbooks`/: Excel and OpenDocument workbooks: which of their sheets is the feed, and what its cells say
- `xml`: products of an XML feed: strictly as long as it is well-formed, then one product at a time
"""
