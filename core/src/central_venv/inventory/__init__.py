"""What is in a whole store: every project and environment, their states, who occupies them, and which ones are meant.

Looks and changes nothing.
"""
