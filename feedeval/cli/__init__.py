"""The same from a terminal: `feedeval run feed.xml` and its companions, a file a group of commands.

- `advising`: the commands that say what to add first: gaps, and workbook, in which that is filled in
- `auditing`: the commands that audit: run, estimate, resume
- `caching`: the command cache, and the options of commands that use the cache of replies
- `calls`: what a call may say: the options that every command with calls of its own has, and those to go on with
- `certifying`: the command that says what coverage is as people would have judged it: certify
- `checking`: the commands check and targets: what a feed's destinations would refuse, without asking a model
- `clustering`: the options of commands that may share their work out to the workers of a cluster
- `comparing`: the command that sets two sessions side by side: compare
- `main`: the parser and `main`: arguments in, exit code out
- `output`: what reaches the terminal, and the exit codes
- `paging`: the command pages: where a feed and its landing pages contradict each other
- `reading`: how the feed of a command is read: what a person says of its form in the terminal
- `requesting`: the commands pause and stop: what another process is asked to do with the session that it works on
- `sessions`: the commands about sessions that are there: list, info, status, consolidate, backup, restore, cleanup,
  verify
- `shadowing`: the command shadow: what would a model have said about images that people have labelled?
"""

from feedeval.cli.main import main

__all__ = ["main"]
