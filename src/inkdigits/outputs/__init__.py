"""What becomes of a reading: lines of text, rows and columns, a drawing over its picture.

In: a Reading, or what it is as a dictionary. Out: text, a table, a PIL image.
"""
