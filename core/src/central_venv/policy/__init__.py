"""Where things belong, decided without a look at the store: settings, project root, key, layout, Python requests.

Every function here gives the same result whether a store exists or not. Calls the machine only.
"""
