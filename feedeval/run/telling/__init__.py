"""What a run tells before it begins, while it waits, and when it ends: said once for all who show it.

- `beginning`: a run that is planned on a thread of its own, so that whoever starts it goes on at once
- `place`: what a person should know of the place where a session lies
- `planning`: how far the planning of a run is, and who is shown it
- `trace`: how fast a run was and what it cost, over time, in a bounded number of points
- `waits`: what a run waits for that is no reply: for how long, and who is told
- `words`: the state of a run in plain sentences: how it ended, what is left, what it waits for
"""
