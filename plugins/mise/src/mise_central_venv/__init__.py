"""mise activates every project's environment from one central store.

What mise runs is written in Lua and comes along; `mise-central-venv install` puts it where mise looks for it.
"""
