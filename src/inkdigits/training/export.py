"""From a PyTorch network to ONNX."""

from __future__ import annotations

import copy
import logging
import warnings

import onnx
import torch
from torch import nn

from inkdigits.graph import OPSET
from inkdigits.normalize import SIDE


def to_onnx(network: nn.Module) -> onnx.ModelProto:
    """The network as ONNX, from `seen` (N, 28, 28) to `logits` (N, 10), with its float32 weights.

    Batch normalisation is folded into the convolutions before it, and dropout is gone.
    """
    network = copy.deepcopy(network).cpu().eval()
    exporter = logging.getLogger("torch.onnx")
    level = exporter.level
    exporter.setLevel(logging.ERROR)  # it reports which operators of torchvision it lacks
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                network,
                (torch.zeros(2, SIDE, SIDE),),
                input_names=["seen"],
                output_names=["logits"],
                dynamic_shapes=({0: torch.export.Dim("N")},),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    finally:
        exporter.setLevel(level)
    assert program is not None  # it is None only for the exporter that dynamo=True replaced
    return program.model_proto
