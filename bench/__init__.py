"""Measurements of burgee: ratios and counts taken in one run on one machine.

`make bench` runs all of it, `python -m bench --quick` a short version of each part. Nothing here
decides whether the build passes.
"""
