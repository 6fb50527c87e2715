"""Benchmarks: each figure beside its floor, as a ratio, in one run. Nothing here is asserted by a test."""
