"""Makes model files, with `onnx` alone: the normaliser, the graphs, calibration, metadata.

In: trained networks as ONNX, their calibration. Out: files that hold everything from pixels on.
"""
