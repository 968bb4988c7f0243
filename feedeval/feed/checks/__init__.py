"""The checks of a feed that need no model: what its destination would refuse, what a buyer would stumble over.

Limits and required attributes of each destination, severity and fix of each check, and what destinations do about it
are data: `feedeval/data/spec/`. A check of one value stands in `values` and its neighbours and is entered in
`attribute_checks`; one of a whole product in `products`, or in `destinations` where only some make it; one of the whole
feed in `whole_feed`.

- `attribute_checks`: runs the checks of one value over a column: each distinct value is looked at once, for all
  destinations together
- `cells`: any frame or list of products as columns of plain cells, which is what the checks read
- `characters`: checks for characters that nobody sees: they keep words from being found, and make two ids of what
  looks like one
- `check_feed`: findings that need no model: what destinations would refuse, and what a buyer would stumble over
- `codes`: checks of one value: product numbers and dates
- `countries`: countries: which codes there are, and which country a feed is meant for
- `destinations`: checks of a product as a whole that only some destinations make, where a rule needs more than the
  rule files say
- `finding_rows`: findings as rows: one for each destination whose rule it is, with what that does about it and from
  when
- `findings`: what a check reports, and the catalogue of all checks: severity, fix and source of each
- `findings_frame`: findings as a frame that a notebook shows by what to do, rather than by row
- `images`: checks of the pictures themselves: whether they answer, and whether their size and format are taken
- `inventory`: local and regional inventories: what a store or a region has of products that another feed describes
- `language`: which language texts are in; says nothing where that is not certain
- `links`: checks of addresses
- `missing`: what products lack that a destination asks for, looked at by attribute: most are filled throughout
- `prices`: checks of prices, and reading them for checks that compare
- `products`: checks of a product as a whole: values that do not go together, whatever the destination
- `supplemental`: supplemental feeds: an id and some attributes, which are laid over the products of another feed
- `text`: checks of texts: what a buyer would stumble over in a title or a description
- `unread`: what the reader could not understand or had to make is not held against the feed
- `values`: checks of one value: enumerations, numbers, measures, countries and categories
- `variants`: checks of the variants of one product against each other: products with the same `item_group_id`
- `whole_feed`: checks of the feed as a whole
"""
