"""Proofs by running the whole site: `make load` under a crowd, `make chaos` under faults.

Each starts a site of its own on free ports of 127.0.0.1 in a folder that goes with it, is bounded
in count and time, and ends what it started, whatever happens to itself.
"""
