"""What makes inkdigits run elsewhere.

In: the page, its model files and what they run on. Out: a folder that any static host serves.
"""
