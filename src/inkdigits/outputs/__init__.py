"""What becomes of a reading: lines of text, a drawing over its picture.

In: a Reading, or what it is as a dictionary. Out: text, a PIL image.
"""
