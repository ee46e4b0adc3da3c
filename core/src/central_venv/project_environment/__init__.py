"""A project's own environment: which one is meant, how it is created, and how shells, uv and programs enter it."""
