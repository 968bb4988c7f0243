"""The files of a session: their names, how they are written, read, locked, checked and rebuilt.

- `addresses`: addresses of output folders that do not lie on this machine, and the scratch folders that stand for them
- `atomic`: how a file of a session is written, so that a reader finds it whole or not at all, and how it is read
- `batch_files`: what stands in a session's batch files, without holding the values in memory
- `batch_shapes`: the one shape of a batch file, for readers who name the columns that they want
- `call_log`: the call log: every reply that was paid for, on disk before its batch is complete
- `call_log_writer`: the writer's side of the call logs: appends, grouped syncs, and the end of a log with its batch
- `encoding`: records and plain values as the JSON of a session's files, and what a file says of its version before it
  is read
- `event_log`: `evaluation.log`: timestamped lines for people, beside the sessions that they tell of
- `filesystem`: the seam between a session and the place where its files lie: all that storage asks of a file system
- `local_filesystem`: sessions on this machine's own disk, as every session is where nobody says otherwise
- `lock`: one writer a session: an operating system's lock on `session_<sid>.lock`
- `names`: names of a session and of its files
- `parts`: requests that travel together: their files, and the document that says how each part stands
- `paths`: where a session's files lie, and the file system that they are on
- `readers`: A session for readers: nothing here takes the lock or writes anything, so a folder may be read-only or in
  use
- `rebuild`: A lost progress file or summary, put together again from the copy of its settings and from the batch
  files
- `reply_cache`: replies that were paid for, kept across the sessions of an output folder, for who asks for it
- `requests`: requests to a run from outside its process: a small file in the session's folder, which the run
  looks for
- `shards`: a session in shards: where they lie beside it, and their batch files put together
- `store`: one session on disk, for its one writer; `readers` has what takes no lock
- `verify`: check the files of a session against each other, and mend what can be mended
- `remote`: sessions under an address
"""
