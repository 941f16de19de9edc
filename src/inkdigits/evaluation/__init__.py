"""Judges models and data sets: predictions, metrics, reports to look at, a Kaggle submission.

In: a model file and a data set. Out: figures as numbers, as text, as pages with pictures.
"""
