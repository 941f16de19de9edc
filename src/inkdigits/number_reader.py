"""The model file that reads several digits at once."""

from __future__ import annotations

NUMBER_CONTRACT = {
    "probabilities": ("tensor(float)", 3),
    "seen": ("tensor(float)", 3),
    "box": ("tensor(int32)", 2),
    "has_ink": ("tensor(bool)", 1),
}
"""Each output of the file, with its element type and number of axes; the only input is
`picture`, uint8 (N, H, W)."""

NUMBER_CONTRACT_VERSION = "numbers 1"
