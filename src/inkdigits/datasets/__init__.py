"""Loads data sets by name: MNIST, CSV, folders, NPZ, IDX, pen strokes; and converts them.

In: a name such as "csv:train.csv", files. Out: batches of pictures and labels, or strokes.
"""
