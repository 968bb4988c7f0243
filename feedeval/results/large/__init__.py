"""Sessions of shards too large to be held, read shard by shard.

- `copies`: the table that a shard leaves beside it: its results, and what came of each question, a row a product
- `counting`: verdicts of a session of shards, counted and scored shard by shard
- `filling`: what a file to fill in asks for, of a session of shards too large to be held: its products in order, on
  disk
- `fitting`: whether what is asked for fits in the memory that is free, said before a process is ended for it
- `frames`: the results of a session of shards as a frame: a few columns, or all with the long texts left on disk
- `in_parts`: an audit part by part: what it leaves open, what was judged, and what can be copied from pages, side by
  side
- `ledger`: the answer ledger of a session of shards too large to be held: booked shard by shard
- `parts`: the judgements of a session of shards, one shard at a time: what of them is held does not grow with the feed
- `ranked`: things in an order of their own, on disk: more of them than can be held
- `reader`: a session of shards too large to be held, as those need it who sum it up: read a few columns at a time
- `rows`: all results and judgements of a session of shards with their long texts, in the order of the feed, some at a
  time
- `table`: the results of a session of shards as a table to be looked through: filtered, searched, sorted, a few rows at
  a time
"""
