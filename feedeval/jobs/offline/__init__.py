"""The embedded engine of the audit: a bank of questions with a detector each; no model, no key, no network.

The questions themselves, what answers them and which products are asked them are data: `feedeval/data/bank/`.

- `bank`: loads the question bank from data files that a reader can extend
- `detector_set`: the detectors of some questions, which look a product through together
- `detectors`: does a reading of a product answer a facet's question?
- `engine`: the embedded engine: a question bank and a judge that need no model, no key and no network
- `facets`: what the question bank holds: facets with what answers them, families, names of answers
- `families`: which family a product belongs to, by its category path, else by its title
- `languages`: which language a text is in, told without a download and always the same way
- `leading`: regular expressions that begin with a letter rather than with the boundary in front of it
- `looks`: a look at a text: the patterns that are worth a search in it, told once for all that is asked of a product
- `patterns`: patterns of the bank: folded text, measures as building blocks, and a cheap test before each search
- `reading`: A context as the embedded engine reads it: sentences, and names with their values
- `sieve`: which of many patterns may match a text: told by its pieces of three letters, which are listed once
- `stops`: where a sentence ends: regular expressions for texts in most languages, and for Japanese
- `topics`: which facets a text may speak of, told by its words alone
"""
