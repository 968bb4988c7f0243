"""How we get through a million records: what to take up, in what order, by whom, and what is told meanwhile.

- `batches`: the batches that are open: outcomes in, batch files out
- `budget`: the budget: a hard cap that knows what is in flight
- `collector`: where outcomes go: into the figures, into their batch, and with a complete batch to disk
- `context`: what a run is put together from, what it asks of its surroundings, and why it halts
- `delivery`/: how requests that may wait get to an endpoint in parts, and their answers into the call logs
- `failures`: what became of a record, as rows
- `health`: how well a run goes: memory, disk, share of failures, time spent waiting for limits; with reasons and
  advice
- `job`: the Job protocol: all that the runner knows of the work it drives
- `ledger`: the books of a run: which replies were paid for, by which record, and what they cost
- `loop`: the loop that drives a run from its start to its end
- `plan`: the planning pass: what there is to do, before anything is spent
- `progress`: the state of a run, apart from drawing it
- `progress_writer`: keeps the small files of a session up to date: progress, errors, summary
- `record_queue`: in which order records are worked on, and which of them need no work
- `reporter_thread`: between a run and its reporters: a thread that draws a few times a second, whatever the speed of
  the run
- `reporters`: reporters for terminals and plain output: text and tqdm bars
- `resume`: the resume rule: which session a run works on, one that is there or a new one, and what a person should
  know
- `reuse`: what a new session takes over from earlier ones: every result whose content still stands
- `runner`: starts a run and hands out the handle that drives it from any thread
- `settings`: the settings of a run that results do not depend on
- `setup`: puts a run together from its settings, its plan and what is on disk
- `telling`/: what a run tells before it begins, while it waits, and when it ends
- `workers`: the workers of a run: they take records in order and process them, until there are none left or a halt is
  called
- `write_thread`: the thread that writes: batch files, progress, and the grouped fsync of call logs
"""
