"""What people look at: the live panel of a run, plots, and HTML that outlives the kernel."""
