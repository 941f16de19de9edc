"""Trains networks: one trainer for every recipe, in NumPy or with PyTorch.

In: a recipe and the data of its task. Out: a run's folder with a checkpoint, the story of the run
in numbers and pictures, and a model file.
"""
