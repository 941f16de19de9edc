"""The task of finding every piece of writing on a page and telling what it is: `page.onnx`.

Pages are drawn anew for each step (`inkdigits.synthesis.pages`), so nothing can be learned by
heart; `inkdigits.training.page_loss` says what is learned of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property, reduce
from typing import Any, NamedTuple

import onnx
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from inkdigits import __version__
from inkdigits.errors import NoInk
from inkdigits.modelfile.build import Facts
from inkdigits.modelfile.page_graph import Look
from inkdigits.outputs.plot import draw_reading
from inkdigits.reader import Reader
from inkdigits.recognition.digits import DigitsFile
from inkdigits.recognition.page import PageFile
from inkdigits.training.fit import InvalidRun, Report, Settings
from inkdigits.training.folder import RunFolder
from inkdigits.training.page_calibration import UNCALIBRATED, calibrated_peaks, calibrated_rules
from inkdigits.training.page_export import page_model, set_rules
from inkdigits.training.page_loss import (
    UNLIKELY,
    Truth,
    f1_of_pieces,
    found_peaks,
    losses,
    temperature_of_kinds,
)
from inkdigits.training.page_network import Maps, PageNetwork
from inkdigits.training.process_group import ProcessGroup
from inkdigits.training.recipes import PagesRecipe
from inkdigits.training.tasks.drawn_pages import DrawnPages, PageLoader, Seed, batch_of
from inkdigits.training.tasks.task import Outcome, Task
from inkdigits.training.torch_fit import TorchFitting, generator_of
from inkdigits.training.writers import DataDir

VALIDATION_WRITERS = "19-24"
"""Of the pen strokes: they write validation pages and none to learn from."""
FOR_VALIDATION, FOR_CALIBRATION = 0, 1
"""Seeds of the pages by which epochs are compared, and of those for calibration: two numbers each.
Those of pages to learn from are three, and the last is not 0, which NumPy would not tell from none.
"""
A_PAGE = (2,)
"""The seed of a page that tells whether pages are still drawn alike."""
AT_ONCE = 50
"""So many validation pages go through the network together."""
SHOWN = (2, 4)
"""Rows and columns of validation pages in the picture that a run leaves."""
CELL = 320
"""Pixels: so wide and high is each page in that picture."""


class PagesData(NamedTuple):
    """Pages to learn from, and validation pages."""

    training: DrawnPages
    validation: DrawnPages


class Pages(Task):
    """Pages of numbers, marks and other writing."""

    data = "pages"
    missed = "1 - F1"

    def __init__(self, recipe: PagesRecipe) -> None:
        self._recipe = recipe

    @property
    def fitting(self) -> type[PagesFitting]:
        return PagesFitting

    def code(self) -> bytes:
        return self._recipe.fingerprint().encode()

    def batch_size(self, settings: Settings) -> int:
        return self._recipe.limited(settings.limit).batch_size

    def check(self, settings: Settings) -> None:
        super().check(settings)
        if settings.data != self.data:
            raise InvalidRun(
                f"{settings.recipe} trains on pages that it draws, not on {settings.data}. Leave "
                "out --data."
            )
        if settings.validation is not None or settings.fold:
            raise InvalidRun(
                f"{settings.recipe} draws its validation pages. Leave out --validation and --folds."
            )

    def load(self, settings: Settings, data_dir: DataDir) -> PagesData:
        without = ",".join(filter(None, [VALIDATION_WRITERS, settings.without_writers]))
        return PagesData(
            DrawnPages("train", data_dir, without=without),
            DrawnPages("validation", data_dir, only=VALIDATION_WRITERS),
        )

    def outcome(self, fitting: PagesFitting, data_dir: DataDir, *, measure_test: bool) -> Outcome:
        settings = fitting.settings
        trained_on = (
            "pages, made by code, of handwriting fonts, Omniglot's characters, MNIST's training "
            f"digits and, writers {VALIDATION_WRITERS} apart, UCI's pen strokes"
        )
        if settings.without_writers:
            trained_on += f" but those of writers {settings.without_writers}"
        row, network = fitting.averaged_network()
        accuracy = {"F1 of pieces:validation": row.validation_accuracy}
        if measure_test:
            others = [VALIDATION_WRITERS, settings.without_writers]
            test = DrawnPages("test", data_dir, only=",".join(filter(None, others)))
            batch = validation_batch(test, fitting.recipe)
            maps_and_truth = fitting.maps_of(network.to(fitting.device), *batch)
            accuracy["F1 of pieces:test"] = f1_of_pieces(*maps_and_truth)
        facts = Facts(
            name=settings.recipe,
            version=__version__,
            trained_on=trained_on,
            accuracy=accuracy,
            revision=settings.revision,
        )
        model, found = calibrated_model(network, fitting, facts)
        story = {
            **asdict(facts),
            **found,
            "parameters": sum(parameter.numel() for parameter in network.parameters()),
            "epoch": row.epoch,
        }

        def leave(folder: RunFolder) -> None:
            fitting.save_weights(folder.weights)
            _draw(model.SerializeToString(), fitting.data.validation, folder)

        return Outcome(model, story, leave)


class PagesFitting(TorchFitting):
    """A network for pages, and its validation pages."""

    recipe: PagesRecipe
    data: PagesData
    warm_up = 0.06
    longest_gradient = 5.0

    def __init__(
        self,
        recipe: PagesRecipe,
        settings: Settings,
        data: PagesData,
        device: str,
        group: ProcessGroup,
    ) -> None:
        recipe = recipe.limited(settings.limit)
        self._loader = PageLoader(data.training)
        super().__init__(
            recipe, settings, data, device, group, network=PageNetwork, steps=recipe.steps
        )

    def also_kept(self) -> dict[str, Any]:
        return {"drawn": zlib.crc32(self.data.validation.page(A_PAGE).picture.tobytes())}

    def restore(self, checkpoint: dict[str, Any]) -> None:
        if checkpoint["drawn"] != self.also_kept()["drawn"]:
            raise InvalidRun(
                "Pages are not drawn as they were when the run started: the data, or the code that "
                "draws, have changed. Start another run (--out), perhaps with --start-from."
            )
        super().restore(checkpoint)

    @cached_property
    def validation_batch(self) -> tuple[Tensor, Truth]:
        """What the network sees of the validation pages, always the same, and the truth."""
        return validation_batch(self.data.validation, self.recipe)

    def validate(self, network: nn.Module) -> tuple[float, float]:
        maps, truth = self.maps_of(network, *self.validation_batch)
        return loss_of(maps, truth).item(), f1_of_pieces(maps, truth)

    def maps_of(self, network: nn.Module, seen: Tensor, truth: Truth) -> tuple[Maps, Truth]:
        """The network's maps of what it sees, on the CPU, and the truth about it."""
        with torch.no_grad():
            parts = [network(part.to(self.device)) for part in torch.split(seen, AT_ONCE)]
        return Maps(*(torch.cat(maps).cpu() for maps in zip(*parts, strict=True))), truth

    def fit_epoch(self, number: int, report: Report) -> tuple[float, float]:
        seed, size, group = self.settings.seed, self.recipe.batch_size, self.group
        torch.manual_seed(generator_of(seed, number, 1 + group.rank).initial_seed())
        batches: list[list[Seed]] = [
            [
                (seed, number, 1 + step * size + place)
                for place in range(group.rank, size, group.size)
            ]
            for step in range(self.steps)
        ]
        loss_sum, right = 0.0, 0.0
        for step, (pictures, truth) in enumerate(self._loader.batches(batches), start=1):
            maps = Maps(*(each.float() for each in self.outputs(as_seen(pictures))))
            truth = truth.to(self.device)
            loss = loss_of(maps, truth)
            self.descend(loss)
            loss_sum += loss.item()
            with torch.no_grad():
                right += f1_of_pieces(maps, truth)
            report(number, step / self.steps, loss_sum / step)
        return loss_sum / self.steps, right / self.steps


def loss_of(maps: Maps, truth: Truth) -> Tensor:
    """The sum of what is wrong with the maps: peaks, ink, owners, boxes and kinds."""
    return reduce(torch.add, losses(maps, truth).values())


def as_seen(pictures: NDArray[Any]) -> Tensor:
    """What was drawn (N, H, W) as the network takes it (N, 1, H, W)."""
    seen = torch.from_numpy(pictures).float()[:, None]
    return seen.contiguous(memory_format=torch.channels_last)


def validation_batch(pages: DrawnPages, recipe: PagesRecipe) -> tuple[Tensor, Truth]:
    """What the network sees of pages that it does not learn from, and the truth about them."""
    seeds: Sequence[Seed] = [(FOR_VALIDATION, number) for number in range(recipe.validation_pages)]
    pictures, truth = batch_of([pages[seed] for seed in seeds])
    return as_seen(pictures), truth


def calibrated_model(
    network: nn.Module, fitting: PagesFitting, facts: Facts
) -> tuple[onnx.ModelProto, dict[str, float]]:
    """The model file of a network, and what validation pages say of how sure it may be."""
    maps, truth = fitting.maps_of(network.to(fitting.device), *fitting.validation_batch)
    found = found_peaks(maps, truth, UNLIKELY)
    scale, shift = calibrated_peaks(found.logit.numpy(), found.piece.numpy() >= 0)
    temperature = temperature_of_kinds(maps, truth)
    look = Look(peak_scale=scale, peak_shift=shift, temperature=temperature)
    numbers = range(fitting.recipe.calibration_pages)
    pages = (fitting.data.validation.page((FOR_CALIBRATION, number)) for number in numbers)
    network = network.cpu()
    model = page_model(network, facts, look, asdict(UNCALIBRATED))
    find = PageFile(model.SerializeToString(), threads=torch.get_num_threads())
    digits = DigitsFile(None, threads=torch.get_num_threads())
    rules = asdict(calibrated_rules(find, digits, pages))
    set_rules(model, rules)
    return model, {**rules, **asdict(look)}


def _draw(model: bytes, validation: DrawnPages, folder: RunFolder) -> None:
    """Leave validation pages with what is read on them."""
    rows, columns = SHOWN
    reader = Reader(page=model)
    grid = Image.new("RGB", (columns * CELL, rows * CELL), "white")
    for number in range(rows * columns):
        picture = validation.page((FOR_CALIBRATION, number)).picture
        try:
            page = draw_reading(picture, reader.read_array(picture))
        except NoInk:
            page = Image.fromarray(picture)
        page.thumbnail((CELL, CELL))
        grid.paste(page, (number % columns * CELL, number // columns * CELL))
    grid.save(folder.found)
