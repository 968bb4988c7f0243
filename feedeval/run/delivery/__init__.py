"""How requests that may wait get to an endpoint in parts, and their answers into the call logs.

A run that delivers by batch goes through its records twice: first to gather what would be asked, then, when the
answers are in the call logs, as any other run does; whatever no batch has answered is asked live then.

- `delivery`: sees all parts through: sends them, waits, lands their answers, once each whatever breaks off when
- `gathering`: goes through the records for what would be asked, without asking it
- `landing`: the answers of a part into the call logs, and what is to become of the requests without one
- `packing`: requests into parts, as large as they may be
- `sending`: sends parts, each once: money set aside first, what the endpoint has already looked up, room waited for
- `shelf`: the parts of a session as they stand, on disk and where the run is shown
- `words`: what is said of parts
"""
