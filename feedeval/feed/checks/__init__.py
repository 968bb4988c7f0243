"""The checks of a feed that need no model: what its destination would refuse, what a buyer would stumble over.

Limits and required attributes of each destination, and severity and fix of each check, are data:
`feedeval/data/spec/`. A check of one value stands in `values` and its neighbours and is entered in `attribute_checks`;
one of a whole product in `products`, one of the whole feed in `whole_feed`.

- `attribute_checks`: runs the checks of one value over a column: each distinct value is looked at once
- `cells`: any frame or list of products as columns of plain cells, which is what the checks read
- `check_feed`: findings that need no model: what a destination would refuse, and what a buyer would stumble over
- `codes`: checks of one value: product numbers and dates
- `findings`: what a check reports, and the catalogue of all checks: severity, fix and source of each
- `findings_frame`: findings as a frame that a notebook shows by what to do, rather than by row
- `language`: which language texts are in; says nothing where that is not certain
- `links`: checks of addresses
- `prices`: checks of prices, and reading them for checks that compare
- `products`: checks of a product as a whole: what is missing, and values that do not go together
- `supplemental`: supplemental feeds: an id and some attributes, which are laid over the products of another feed
- `text`: checks of texts: what a buyer would stumble over in a title or a description
- `unread`: what the reader could not understand or had to make is not held against the feed
- `values`: checks of one value: enumerations, numbers, measures, countries and categories
- `whole_feed`: checks of the feed as a whole
- `word_lists`: the word lists of the text checks, from `data/spec/words.tsv`
"""
