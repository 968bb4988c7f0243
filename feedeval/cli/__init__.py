"""The same from a terminal: `feedeval run feed.xml` and its companions, a file a group of commands.

- `advising`: the commands that say what to add first: gaps, and workbook, in which that is filled in
- `answering`: the command answers: questions with their answers, as a supplemental feed
- `assisting`: the command mcp: feeds and audits for an assistant that speaks MCP, on standard input and output
- `auditing`: the commands that audit: run, estimate, resume
- `caching`: the command cache, and the options of commands that use the cache of replies
- `calls`: what a call may say: the options that every command with calls of its own has, and those to go on with
- `certifying`: the command that says what coverage is as people would have judged it: certify
- `checking`: the commands check and targets: what a feed's destinations would refuse, without asking a model
- `clustering`: the options of commands that may share their work out to the workers of a cluster
- `comparing`: the command that sets two sessions side by side: compare
- `documents`: what commands found as plain JSON: frames as rows, what is not known as null, times in ISO 8601
- `main`: the parser and `main`: arguments in, exit code out
- `output`: what reaches the terminal, as text or as one JSON document, and the exit codes
- `paging`: the commands pages and ledger: a feed beside its landing pages, and the options by which an audit reads
  them
- `pipeline`: findings as build servers and code hosts read them: JUnit XML and SARIF
- `reading`: how the feed of a command is read: what a person says of its form in the terminal
- `requesting`: the commands pause and stop: what another process is asked to do with the session that it works on
- `sessions`: the commands about sessions that are there: list, info, status, consolidate, backup, restore, cleanup,
  verify
- `shadowing`: the command shadow: what would a model have said about images that people have labelled?
- `thresholds`: what a pipeline asks for: the options that set a threshold, and the sentences on those that are missed
"""

from feedeval.cli.main import main

__all__ = ["main"]
