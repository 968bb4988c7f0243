"""What a person sees: a real JupyterLab in a real browser. Needs the packages of the extra `test`, and Chromium."""
