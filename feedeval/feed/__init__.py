"""What we read: feeds, their text, their rules and the checks that need no model.

- `addresses`: which addresses lead out into the world, and which to this machine or its network
- `checks`/: the checks that need no model, a file a kind
- `consequences`: what a destination does about a finding, and from when, from `data/spec/consequences.tsv`
- `filled`: the sheet *To fill in* of a workbook: how its columns are called, and what a shop wrote into them
- `findings_view`: where frames of findings look that version 0.2 pickled
- `fixes`: what a shop filled in, laid over its feed
- `labels`: A feed as a table of labelled images: does each picture show what the feed says?
- `markup`: HTML, entities and invisible characters out of a value, so that words remain
- `pages`/: the landing pages of a feed: fetched or given, read, and set beside the feed
- `parsing`/: the formats, a file each
- `picture_sizes`: format and size of pictures behind addresses, of which no more is read than it takes to know them
- `reader`: any source -> products: a path, an address, bytes, an open file or a table, in any format that `sniff`
  knows
- `rules`: the rules of each destination, a row an attribute, from `data/spec`
- `sample`: A part of a feed that speaks for the whole: products drawn at random from each of its groups
- `source`: A feed that can be gone through more than once, and what is written down about where it came from
- `spec`: what a product needs at a destination, as its rules say
- `spreadsheet`: cells of tables that people open in a spreadsheet: written so that nothing runs, and read back as
  they were
- `styles`: rules of style sheets that were left in a text when its tags were taken out
- `tables`: the tables of `feedeval/data`, a row at a time
- `targets`: which destinations there are rules for, how many, and where those come from
- `taxonomy`: Google's product taxonomy: categories by id, by English and by German path, and what is asked of which
  category
- `text`: cleaning, the context that a judge sees, and its content hash
- `word_lists`: the word lists of the text checks, from `data/spec/words.tsv`
"""
