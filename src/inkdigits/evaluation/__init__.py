"""Judging a model: its predictions on a data set, figures, and a page to look at."""
