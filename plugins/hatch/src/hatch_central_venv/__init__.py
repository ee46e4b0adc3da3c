"""hatch keeps every environment of a project in one central store.

Nothing here is meant to be imported: hatch finds the plugin by its entry point.
"""
