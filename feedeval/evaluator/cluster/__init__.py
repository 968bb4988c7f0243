"""The same run on a Dask cluster: records cut into shards, workers with one limit and one budget, a session over all.

- `choosing`: which session in shards a run goes on with, and which has results that may still hold
- `cluster_run`: a run on a cluster, with the face of a run in this process: sums, and hands out shards
- `coordinator`: one limit and one budget for all workers of a run, and one word to all of them
- `crew`: Dask, as far as it is needed: places tasks, restarts what died, carries words to the coordinator
- `leased`: the pacer and the budget of a worker, whose grants come from the coordinator
- `messages`: what workers, the coordinator and the driver say to each other
- `own_workers`: what worker processes that a run starts for itself do before their first shard
- `partitions`: a folder of Parquet files as a feed: one that is partitioned already is not cut again
- `parts`: what a run on a cluster is put together from, what stands of its shards, and the end of it all
- `portal`: a shard's way to the coordinator: a thread that carries what its run wants and gives back
- `question_stage`: the questions of all categories, made in a session of their own before the shards start
- `reach`: whether workers reach a session that lies under an address
- `requests`: requests from outside the driver's process, such as `feedeval pause`
- `shard_jobs`: what is done in a shard: the audit of its products, and before all shards the categories' questions
- `shadow_work`: shadow mode on a cluster: a table of labelled images in shards
- `sharding`: cuts a feed into shards, read once as a stream
- `standing`: what the states of all workers mean for the run as a whole
- `starting`: a run on a cluster, from what a person typed to the run that goes on
- `stores`: a session under an address: what workers call it, and what they are told of its store
- `summing`: the figures of all shards as those of one run
- `work`: what is shared out to workers: an audit of a feed
- `worker`: what a worker does with a shard: the ordinary run of an ordinary session
"""
