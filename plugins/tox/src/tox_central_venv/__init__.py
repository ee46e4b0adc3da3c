"""tox keeps its environments in one central store instead of in every project.

Nothing here is meant to be imported: tox finds the plugin by its entry point.
"""
