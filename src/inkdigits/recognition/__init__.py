"""The two model files at work, and from what they give to a text.

In: a grey picture. Out: the digit in it, or the pieces of writing on it and what they say. The one
place that decides what is sure is `text`.
"""
