"""The widgets of the app: layout and bindings, nothing else."""
