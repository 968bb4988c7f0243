"""The jobs that the runner drives."""
