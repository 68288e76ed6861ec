"""Measurements of this project beside others doing the same work. `make bench` runs them all."""
