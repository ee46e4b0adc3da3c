"""The `.venv` in a project that leads to its environment in the store, for editors and tools that look for it there.

It is a link or, where that was asked for, a redirect. What is not ours is never touched, and none of ours is left that
leads nowhere: uv, mise and `python -m venv` fail on that.
"""
