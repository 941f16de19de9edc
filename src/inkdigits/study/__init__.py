"""Knowing a data set: its counts, its looks, and what is wrong with it."""
