"""What recipes learn from, and what becomes of it: single digits, pages.

In: a run's settings and data. Out: the network's fitting, and the outcome of a run.
"""
