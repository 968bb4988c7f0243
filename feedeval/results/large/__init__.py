"""Sessions of shards too large to be held: read shard by shard.

- `copies`: the table that a shard leaves beside it: its results, and what came of each question, a row a product
- `parts`: the judgements of a session of shards, one shard at a time: what of them is held does not grow with the feed
"""
