"""The operating system, in the terms of this program: files, processes, hosts, other programs, the clock.

Knows nothing of projects, homes or environments. Every other room may call it; only errors lie below.
"""
