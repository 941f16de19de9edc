"""From a PyTorch network to ONNX."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxscript  # noqa: F401  PyTorch needs it, and would say so only when all is trained
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.export import Dim

from inkdigits.modelfile.graph import OPSET
from inkdigits.modelfile.normalizer import SIDE


def to_onnx(network: nn.Module) -> onnx.ModelProto:
    """The network as ONNX, from `seen` (N, 28, 28) to `logits` (N, 10), with float32 weights."""
    return exported(network, torch.zeros(2, SIDE, SIDE), "seen", {0: Dim("N")})


def exported(
    network: nn.Module,
    example: Tensor,
    name: str,
    sizes: dict[int, Any],
    outputs: Sequence[str] = ("logits",),
) -> onnx.ModelProto:
    """The network as ONNX, from an input like the example, of which these axes vary, to `outputs`.

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
                (example,),
                input_names=[name],
                output_names=list(outputs),
                dynamic_shapes=(sizes,),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    finally:
        exporter.setLevel(level)
    assert program is not None  # it is None only for the exporter that dynamo=True replaced
    return program.model_proto


def with_float16_weights(network: onnx.ModelProto) -> onnx.ModelProto:
    """The same network in half the space: weights are kept as float16, and computed with as
    float32. ONNX Runtime converts them once, when it loads the file.

    Kernels and matrices only; each weight changes by at most 1 part in 2,048 or by 3e-8.
    """
    network = onnx.ModelProto.FromString(network.SerializeToString())
    casts = []
    for tensor in network.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) > 1:
            name = tensor.name
            half = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(half, f"{name}/float16"))
            casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *network.graph.node]
    del network.graph.node[:]
    network.graph.node.extend(nodes)
    return network
