"""What we read: feeds, their text, their rules and the checks that need no model.

- `checks`/: the checks that need no model, a file a kind
- `findings_view`: where frames of findings look that version 0.2 pickled
- `fixes`: what a shop filled in, laid over its feed
- `labels`: A feed as a table of labelled images: does each picture show what the feed says?
- `markup`: HTML, entities and invisible characters out of a value, so that words remain
- `parsing`/: the formats, a file each
- `reader`: any source -> products: a path, an address, bytes, an open file or a table, in any format that `sniff`
  knows
- `sample`: A part of a feed that speaks for the whole: products drawn at random from each of its groups
- `source`: A feed that can be gone through more than once, and what is written down about where it came from
- `spec`: what a destination asks of a product: attribute rules, required attributes, Google's taxonomy; from
  `data/spec`
- `spreadsheet`: cells of tables that people open in a spreadsheet: written so that nothing runs, and read back as
  they were
- `text`: cleaning, the context that a judge sees, and its content hash
"""
