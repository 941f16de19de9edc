"""Digits that people wrote and said what they are: sent, kept, reviewed, and learned from.

In: what the page sends of a digit. Out: those that its owner has accepted, as a data set.
"""
