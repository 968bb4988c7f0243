"""The embedded engine of the audit: a bank of questions with a detector each; no model, no key, no network.

The questions themselves, what answers them and which products are asked them are data: `feedeval/data/bank/`.

- `bank`: loads the question bank from data files that a reader can extend
- `detectors`: does a reading of a product answer a facet's question?
- `engine`: the embedded engine: a question bank and a judge that need no model, no key and no network
- `facets`: what the question bank holds: facets with what answers them, families, names of answers
- `families`: which family a product belongs to, by its category path, else by its title
- `languages`: which language a text is in, told without a download and always the same way
- `leading`: regular expressions that begin with a letter rather than with the boundary in front of it
- `patterns`: patterns of the bank: folded text, measures as building blocks, and a cheap test before each search
- `reading`: A context as the embedded engine reads it: sentences, and names with their values
- `sieve`: which of many patterns may match a text: told by its pieces of three letters, into which it is cut once
- `topics`: which facets a text may speak of, told by its words alone
"""
