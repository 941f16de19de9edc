"""From a trained `PageNetwork` to `page.onnx`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn
from torch.export import Dim

from inkdigits.modelfile.build import Facts, describe, set_metadata
from inkdigits.modelfile.graph import IR_VERSION
from inkdigits.modelfile.page_graph import MAPS, STEP, Look, page_graph
from inkdigits.recognition.page import PAGE_CONTRACT_VERSION
from inkdigits.training.export import exported, with_float16_weights
from inkdigits.training.fit import PYTORCH_CHECKPOINT
from inkdigits.training.page_network import PageNetwork, normalised

RULES = ("piece_from", "sure_from", "mark_sure_from", "space", "digits_weight")
"""What a page file's metadata say of how its pieces become a text; see `recognition.page.Rules`."""
FAR = 2**16
"""No picture has a longer side."""


class _Normalised(nn.Module):
    def forward(self, levels: Tensor) -> Tensor:
        return normalised(levels)


def page_model(
    network: nn.Module,
    facts: Facts,
    look: Look | None = None,
    rules: Mapping[str, float] | None = None,
) -> onnx.ModelProto:
    """The model file of a network, with the `rules` by which pieces become a text."""
    height, width = Dim("H", min=1, max=FAR), Dim("W", min=1, max=FAR)
    normaliser = exported(
        _Normalised(), torch.zeros(1, 70, 90), "levels", {1: height, 2: width}, ["seen"]
    )
    rows, columns = (STEP * Dim(name, min=1, max=FAR // STEP) for name in ("rows", "columns"))
    example = torch.zeros(1, 1, 3 * STEP, 4 * STEP)
    maps = exported(network, example, "seen", {2: rows, 3: columns}, MAPS)
    look = look or Look()
    model = page_graph(normaliser, with_float16_weights(maps), look)
    model.ir_version = IR_VERSION
    set_metadata(model, {"contract": PAGE_CONTRACT_VERSION, "most_pieces": str(look.most_pieces)})
    set_rules(model, rules or {})
    describe(model, facts)
    return model


def set_rules(model: onnx.ModelProto, rules: Mapping[str, float]) -> None:
    """Make a page file say by which rules its pieces become a text."""
    set_metadata(model, {name: repr(rule) for name, rule in rules.items()})


def network_of_run(folder: Path) -> tuple[PageNetwork, Look, dict[str, float]]:
    """The averaged network of a run's checkpoint, how its model file looks, and by which rules."""
    state = torch.load(folder / PYTORCH_CHECKPOINT, map_location="cpu", weights_only=True)[
        "average"
    ]
    network = PageNetwork()
    network.load_state_dict(
        {key.removeprefix("module."): value for key, value in state.items() if "module." in key}
    )
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    look = Look(**{field.name: metrics[field.name] for field in fields(Look)})
    return network.eval(), look, {key: metrics[key] for key in RULES}
