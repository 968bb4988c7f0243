"""How we get through a million records: job, store, runner, health, progress."""
