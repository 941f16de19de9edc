"""Data sets: each yields pictures and labels."""
