"""What we learned: sessions read back as frames, summed up, compared and exported.

- `agreement`/: labels against predictions
- `answers`/: questions with answers in verified words, for `question_and_answer`
- `archive`: back up a session as one file, and restore it from one that somebody else may have made
- `basis`: what a coverage stands on: how much was judged, and the sentence in place of a figure where that is too
  little
- `blocks`: A titled list of a summary, as text and as HTML, and how long one is
- `cases`: what a session judged, read back product by product, so that it can be judged again
- `certify`/: coverage as people would have judged it, from some verdicts that people checked
- `columnar`: a few columns or rows of the results of a large session, read through Arrow without the rest
- `compare`/: audits side by side
- `estimate`: what the whole feed would take, judged by a few real products of it
- `export`: tables to files that other programs open, safely
- `finding`: which session is meant: by its id, the beginning of that, or its name; and what to call several that are
  shown
- `frames`/: batch files to frames
- `gaps`/: what to add first
- `judges`/: judges compared and probed
- `labelling`/: people's labels on a session's verdicts
- `large`/: sessions of shards too large to be held, read shard by shard
- `lazytext`: where frames of results look that version 0.2 pickled: what their long texts were made with
- `ledger`/: page against feed, question by question
- `library`: the sessions of an output folder: list, inspect, put together, back up, restore, clean up
- `merging`: several sessions as one table: of each product the newest result
- `naming`: what people call a session, by its feed rather than by the id of its files, and who judged in it
- `near_identical`: products that are nearly the same, told by their titles: variants of one, which a list of a few
  should not repeat
- `product`: one product of an audit, for a person: its questions, the verdicts, and the words of the feed that they
  rest on
- `score_quality`: what the scores of an audit can carry: ties, questions that tell products apart, reliability, pull of
  length
- `session`: one session, as people use it: read back as frames, summed up, and asked what to do next
- `session_with_pages`: a session that knows what its audit leaves open, and what the landing pages answer of that
- `shadow_summary`: what the summary of a shadow run says beyond that of any session
- `stats`: how sure a figure is: intervals of shares and of means over products
- `stored`: what a session has on disk, as records and frames; `Session`, which people use, adds what is made of it
- `summary`: what a merchandiser wants to know first: coverage, worst products, most-missed questions, where the files
  are
- `whole_feed`: what an audit of a sample says about the whole feed
- `workbook`/: an audit as a workbook: what to do, what it rests on, and a sheet to fill in
"""
