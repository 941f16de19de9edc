"""Everything that is drawn for learning.

In: MNIST's digits, pen strokes, handwriting fonts, characters of other alphabets. Out: pages with
what is written on them, as a scanner, a camera or a paint program leaves them, and the truth.
"""
