"""Paths inside one environment: where they stand, how each file writes them, and how to rewrite them after a move.

Knows one environment and the places that changed, nothing of homes or of why something moved.
"""
