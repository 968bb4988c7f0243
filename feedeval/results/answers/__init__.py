"""Questions with answers for `question_and_answer`: what is answered in verified words, and nothing else.

- `answers_file`: the file that is written, and what is in it
- `choosing`: which pairs a product gets, the best first, as far as the destination takes them
- `ledger_rows`: what a ledger says of pages: answers that stand there alone, and answers that contradict the feed
- `pairs`: a question with its answer, and where the words are from
- `wording`: an answer in the words of the feed: the whole sentence that a quote was cut from
- `writing`: pairs as a frame, and as a supplemental feed in Google's form
"""
