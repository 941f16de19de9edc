"""From a trained `PageNetwork` to `page.onnx`."""

from __future__ import annotations

import onnx
import torch
from onnx import compose, helper
from torch import Tensor, nn

from inkdigits.graph import IR_VERSION
from inkdigits.model_file import Facts, describe
from inkdigits.modelfile.page_graph import MAPS, Look, page_graph
from inkdigits.training.export import exported, with_float16_weights
from inkdigits.training.page_network import STEP, normalised

MARGIN = "seen"


class _Normalised(nn.Module):
    def forward(self, levels: Tensor) -> Tensor:
        return normalised(levels)


def network_to_onnx(network: nn.Module) -> onnx.ModelProto:
    """The network as ONNX, from `levels` (1, H, W) of any size to its maps."""
    return onnx.ModelProto()
