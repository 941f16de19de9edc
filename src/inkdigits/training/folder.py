"""The folder of a training run: the files that it leaves, beside its checkpoint."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from inkdigits.atomic_file import write_atomically
from inkdigits.training.fit import Epoch, InvalidRun


@dataclass(frozen=True)
class RunFolder:
    """The files that a run leaves, beside its checkpoint."""

    path: Path

    @property
    def model(self) -> Path:
        return self.path / "model.onnx"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.json"

    @property
    def history(self) -> Path:
        return self.path / "history.csv"

    @property
    def events(self) -> Path:
        """A folder with the history for TensorBoard."""
        return self.path / "tensorboard"

    @property
    def curve(self) -> Path:
        """Loss and accuracy of each epoch."""
        return self.path / "curve.png"

    @property
    def mistakes(self) -> Path:
        """The worst of them."""
        return self.path / "mistakes.png"

    @property
    def weights(self) -> Path:
        """The averaged network, from which another run may start."""
        return self.path / "weights.safetensors"

    @property
    def network(self) -> Path:
        """A network in NumPy, in its own form; what else it is, is beside it."""
        return self.path / "network.safetensors"

    @property
    def drawings(self) -> Path:
        """What was drawn to learn from."""
        return self.path / "drawings"

    @property
    def units(self) -> Path:
        """What the units of a first dense layer look for."""
        return self.path / "weights.png"

    @property
    def filters(self) -> Path:
        """What the convolutions look for."""
        return self.path / "filters.png"

    @property
    def found(self) -> Path:
        """Validation pages with what is read on them."""
        return self.path / "found.png"

    @property
    def of_some(self) -> tuple[Path, ...]:
        """What some runs leave, and others do not."""
        networks = self.weights, self.network, self.network.with_suffix(".json")
        return (*networks, self.mistakes, self.units, self.filters, self.found)

    @property
    def files(self) -> tuple[Path, ...]:
        """All that a run may write, beside what it draws to learn from and TensorBoard's events."""
        return (self.model, self.metrics, self.history, self.curve, *self.of_some)

    def make(self) -> None:
        """Make the folder if it is not there yet, and see that it can be written to."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.path).close()
        except OSError as error:
            raise InvalidRun(
                f"The folder {self.path} cannot be made or written to: {error.strerror}. "
                "Choose another (--out)."
            ) from error

    def clear(self, kept: Iterable[Path]) -> None:
        """Take away what not every run leaves, and what was drawn to learn from; but `kept`."""
        needed = {path.resolve() for path in kept}
        for file in self.of_some:
            if file.resolve() not in needed:
                file.unlink(missing_ok=True)
        for file in self.drawings.glob("*.npz"):
            file.unlink()
        shutil.rmtree(self.events, ignore_errors=True)

    def write_history(self, history: list[Epoch]) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, fieldnames=list(asdict(history[0])))
        writer.writeheader()
        writer.writerows(asdict(row) for row in history)
        write_atomically(self.history, text.getvalue().encode())
