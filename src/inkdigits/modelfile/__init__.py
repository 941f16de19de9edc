"""Makes model files, with `onnx` alone.

In: trained networks as ONNX, their calibration. Out: files that hold everything from pixels on.
"""
