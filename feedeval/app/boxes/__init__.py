"""The widgets of the app, a box each: layout and bindings, nothing else.

- `audits`: the box with the audits of the folder: those that go on in another kernel, and earlier ones
- `columns`: the box in which a person says what the columns of a table are that the reader does not understand
- `common`: what the boxes of the app are made of
- `feed`: the box in which a feed is given: as a file, as text, or by where it lies
- `fields`: the box in which the fields are chosen in which answers are looked for
- `filled`: the box that says what was filled in in a workbook, and audits the feed with it
- `form`: the whole page of the app, from the feed at the top to the results at the bottom
- `products`: the box in which the audited products are looked through: filtered, sorted, one opened
- `settings`: the box with the settings of an audit
"""
