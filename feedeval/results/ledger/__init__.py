"""Page against feed, question by question: where each answer stands, in whose words, and what can be copied.

- `asking`: the pages of an audit's products, and what each is asked: what the feed leaves open, or all of it where that
  is free
- `copying`: what of a page's words can be copied into the feed, and into which attribute
- `differing`: whether two quotes give different values: only where that is beyond doubt
- `digest`: what the rows of a ledger come to: counts, the rows that are shown, and words for example; added up part by
  part
- `ledger`: the answer ledger: a row a question and product, and what it comes to
- `page_answers`: what the pages of an audit's products said, read back from the session in which they were asked
- `rows`: how the rows of the ledger come to be: the audit and its pages side by side
- `standing`: where the answer to a question stands
"""
