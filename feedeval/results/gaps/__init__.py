"""What a feed leaves open, what to add first, and the files in which it is filled in.

- `actions`: what to do first: one action an attribute, with what it gains, the questions that it answers and its
  products
- `advice_notes`: what has to be known to read advice: who judged, and what it does not rest on
- `answer_places`: where an answer would stand: what a judge called the attribute, by the names of the feed
- `cards`: actions as cards: the same on every page and in the report, as static HTML
- `entry_examples`: what an entry may look like: an example of what to type, for attributes where one suits any shop
- `fixfile`: A file to fill in: a supplemental feed with the attributes that lack and the questions that stayed open
- `gaps`: which attribute to add first, and what it would gain
- `gathering`: what actions name of a whole feed: their products with what each gains, and their questions
- `groups`: which products an action is for, in words: by the groups of the feed
- `making`: how actions are put together: figures by attribute, the products of each, and examples from the biggest
  groups
- `next_steps`: what to do next, in sentences that a merchandiser reads
- `open_questions`: the questions that a feed leaves open: where each answer would stand, and how likely filling that
  in answers it
- `present_values`: what a feed says now where an action asks for more: placeholders stand out when they are seen
- `proposals`: A file to fill in, with values that a model proposes where the words that each rests on stand in the
  product
- `summing`: open questions summed up by attribute, topic or question, over the whole feed or by category
- `supplement`: what changed in a feed, as a supplemental feed to upload
"""
