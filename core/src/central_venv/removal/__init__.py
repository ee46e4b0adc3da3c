"""Removing environments: only what is ours, only in the store, never through a link, never what is in use.

What is to be removed was listed before, and somebody may have thought about the list for an hour. So under the home's
lock, without which nobody can claim anything in it, each home is looked at again, and only what is as it was listed is
renamed into the trash. A home whose environments all go is renamed as a whole; otherwise each environment is.
"""
