"""A neural network: a list of layers that learns from examples, as a scikit-learn classifier."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from inkdigits.errors import Diverged, InvalidNetwork
from inkdigits.scratch import files
from inkdigits.scratch.classifier import Classifier, Row
from inkdigits.scratch.layers import Array, Layer, Shape
from inkdigits.scratch.learning import Batch, learn
from inkdigits.scratch.losses import LOSSES, Labels
from inkdigits.scratch.optimizers import Optimizer
from inkdigits.scratch.schedules import Constant, Schedule
from inkdigits.scratch.threads import blas_threads
from inkdigits.scratch.weights import ClassWeight, of_mean_1, weights_of

if TYPE_CHECKING:
    from inkdigits.modelfile.build import Facts

Data = tuple[Array, Labels]
Weighted = tuple[Array, Labels, Array]
"""Examples, their labels, and how much each counts: 1 on average."""
Report = Callable[[int, float, float], None]


class NeuralNetwork(Classifier):
    """A classifier made of layers.

    >>> network = NeuralNetwork([Dense(128), ReLU(), Dense(10)], epochs=5)
    >>> network.fit(pictures.reshape(-1, 784) / 255, labels).predict(others)

    The layers are descriptions and stay as they are: the fitted network has its own, `layers_`.

    Args:
        layers: from the examples' shape to one logit a class. Without, `Dense()`: softmax
            regression.
        loss: "cross_entropy" or "mean_squared_error".
        optimizer: such as `Adam(0.001)` or `SGD(OneCycle(0.1), momentum=0.9)`; `Adam(0.01)` if
            left out.
        epochs: passes over the data in `fit`.
        batch_size: examples for each step; None for all at once (full batch). Examples are
            shuffled in each epoch; the last batch takes what is left.
        validation_fraction: share of the examples, 0 to below 1, held out if `fit` gets no others.
        patience: stop when the validation loss has not got better for so many epochs, and go back
            to the weights of the best one.
        callbacks: each is called with the network after each epoch, and stops the training if it
            returns True.
        progress: show a bar and a line an epoch, on standard error.
        warm_start: `fit` goes on from the weights that are there.
        dtype: "float32" or "float64", of everything.
        random_state: a number for the same result each time.
        threads: how many BLAS may use; None for as many as it likes. See `blas_threads`.

    Attributes:
        classes_: (classes,) what `predict` answers with, sorted.
        history_: a `Row` for each epoch.
        layers_: the layers with their weights.
        optimizer_: the optimizer with what it remembers.
        calibration_: see `calibrate`.
        n_features_in_: the length of an example's first axis, as scikit-learn has it.
    """

    def __init__(
        self,
        layers: Sequence[Layer] | None = None,
        *,
        loss: str = "cross_entropy",
        optimizer: Optimizer | None = None,
        epochs: int = 20,
        batch_size: int | None = 32,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        callbacks: Sequence[Callable[[NeuralNetwork], object]] = (),
        progress: bool = False,
        warm_start: bool = False,
        dtype: str = "float32",
        random_state: int | np.random.RandomState | None = None,
        threads: int | None = 1,
    ) -> None:
        self.layers = layers
        self.loss = loss
        self.optimizer = optimizer
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.callbacks = callbacks
        self.progress = progress
        self.warm_start = warm_start
        self.dtype = dtype
        self.random_state = random_state
        self.threads = threads

    def fit(
        self,
        X: ArrayLike,  # noqa: N803 (scikit-learn's name)
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        class_weight: ClassWeight | None = None,
        validation_data: tuple[ArrayLike, ArrayLike] | None = None,
    ) -> Self:
        """Learn from examples `X` (N, features), or (N, *any shape), and their classes `y` (N,).

        Args:
            sample_weight: (N,) how much each example counts: one of weight 2 like two of weight 1.
            class_weight: how much each class counts, such as {5: 10}, or "balanced": the rarer,
                the more. Both together are multiplied.
            validation_data: more examples and classes, held out for validation. There, and in
                accuracies, all count alike.

        Raises:
            InvalidNetwork: layers, settings and data do not fit together.
            ValueError: the data is empty, or holds NaN or infinity.
            Diverged: the loss became NaN or infinite; the weights are those before that epoch.
        """
        how: dict[str, Any] = {
            "sample_weight": sample_weight,
            "class_weight": class_weight,
            "validation_data": validation_data,
        }
        if self.progress:
            from inkdigits.progress import TrainingBar

            done = len(self.history_) if self._goes_on() else 0
            bar = TrainingBar(done + self.epochs)
            rows = bar.follow(self.fit_by_epoch(X, y, report=bar.report, **how))
        else:
            rows = self.fit_by_epoch(X, y, **how)
        for _ in rows:
            pass
        return self

    def fit_by_epoch(
        self,
        X: ArrayLike,  # noqa: N803
        y: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        class_weight: ClassWeight | None = None,
        validation_data: tuple[ArrayLike, ArrayLike] | None = None,
        resume: bool = False,
        report: Report | None = None,
    ) -> Iterator[Row]:
        """`fit`, an epoch at a time: gives each one's row of the history.

        With `resume`, an interrupted training goes on after the last epoch in `history_`, and ends
        as if it had never stopped (with `patience`: from the best epoch's weights, waiting anew).
        `report` is told after each step: the epoch's number, the share done, the loss so far.
        """
        begins = not (resume or self._goes_on())
        if not begins:
            check_is_fitted(self, "layers_")
        with self._all_or_nothing():
            examples, targets = self._validated(X, y, reset=begins)
            if begins:
                check_classification_targets(targets)
                self.begin(examples.shape[1:], targets)
            elif not resume:
                self._check_settings()
                self.optimizer_ = self._new_optimizer()
            weights = weights_of(targets, sample_weight, class_weight).astype(self.dtype)
            training = (examples, self._labels(targets), weights)
            validation = None
            if validation_data is not None:
                held_out, answers = self._validated(*validation_data)
                validation = (held_out, self._labels(answers))
            elif self.validation_fraction:
                training, validation = self._split(training)
            elif self.patience is not None:
                raise InvalidNetwork("patience needs a validation_fraction or validation_data.")
        epochs = range(len(self.history_) if resume else 0, self.epochs)
        return self._fit(training, validation, epochs, self.optimizer_.schedule, report)

    def partial_fit(
        self,
        X: ArrayLike,  # noqa: N803
        y: ArrayLike,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Learn from examples once more, or for the first time: one epoch over `X` and `y` alone.

        The learning rate is the optimizer's, without its schedule. `classes` are all there will
        ever be, and matter in the first call only; those in `y` if left out.
        """
        first = not hasattr(self, "layers_")
        with self._all_or_nothing():
            examples, targets = self._validated(X, y, reset=first)
            if first:
                check_classification_targets(targets)
                self.begin(examples.shape[1:], targets if classes is None else classes)
            elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
                raise InvalidNetwork(
                    f"The network knows the classes {self.classes_}, and not {np.unique(classes)}."
                )
            self._check_settings()
            alike = np.ones(len(targets), self.dtype)
            training = (examples, self._labels(targets), alike)
        constant = Constant(self.optimizer_.schedule.learning_rate)
        for _ in self._fit(training, None, range(1), constant):
            pass
        return self

    def begin(self, input_shape: Shape, classes: ArrayLike) -> Self:
        self._check_settings()
        return super().begin(input_shape, classes)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the weights to `path` (.safetensors) and all else beside it (.json).

        Everything is kept that going on with the training needs, but the callbacks.
        """
        check_is_fitted(self, "layers_")
        files.save(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, layers: Sequence[type[files.Part]] = ()) -> Self:
        """Read what `save` wrote; `layers` are the kinds of layers that you wrote yourself, and of
        optimizers and schedules.

        Raises InvalidModel if a file is missing, damaged, or of another network.
        """
        return files.load(cls, path, layers)

    def export(self, path: str | os.PathLike[str], facts: Facts | None = None) -> None:
        """Write a model file (.onnx) that `Reader` and `inkdigits serve --model` read with.

        It normalises pictures itself, so the network must have been trained on what `Normalizer`
        gives, as (N, 28, 28) or (N, 784), to tell the digits 0 to 9. A network that has not been
        calibrated calls an answer sure from 99 % confidence on; one that was calibrated with fewer
        than 299 examples calls none sure.
        """
        from inkdigits.scratch.export import export

        check_is_fitted(self, "layers_")
        export(self, path, facts)

    def _goes_on(self) -> bool:
        """Whether `fit` goes on from the weights that are there."""
        return self.warm_start and hasattr(self, "layers_")

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Keep the network that was there if the block fails."""
        before = dict(self.__dict__)
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _check_settings(self) -> None:
        """Raise InvalidNetwork for a setting that makes no sense."""
        names = "epochs", "batch_size", "patience", "threads"
        whole = {name: getattr(self, name) for name in names}
        for name, value in whole.items():
            optional = value is None and name != "epochs"
            if not optional and (not isinstance(value, (int, np.integer)) or value < 1):
                raise InvalidNetwork(f"{name} must be a whole number from 1 on, not {value!r}.")
        if not (self.optimizer is None or isinstance(self.optimizer, Optimizer)):
            raise InvalidNetwork(
                f"optimizer must be one such as Adam(0.001), not {self.optimizer!r}."
            )
        if callable(self.callbacks) or not all(map(callable, self.callbacks)):
            raise InvalidNetwork("callbacks must be a list of functions.")
        if self.loss not in LOSSES:
            known = ", ".join(LOSSES)
            raise InvalidNetwork(f"There is no loss {self.loss!r}: choose from {known}.")
        share: Any = self.validation_fraction
        if not isinstance(share, Real) or not 0 <= float(share) < 1:
            raise InvalidNetwork(f"validation_fraction must be from 0 to below 1, not {share!r}.")

    def _split(self, data: Weighted) -> tuple[Weighted, Data]:
        """The examples to learn from, and those held out; the same for the same data."""
        examples, labels, weights = data
        count = math.ceil(self.validation_fraction * len(labels))
        if count == len(labels):
            raise InvalidNetwork(
                f"validation_fraction={self.validation_fraction} leaves none of the "
                f"{count} examples to learn from."
            )
        order = np.random.default_rng(self.seed_).permutation(len(labels))
        held_out, rest = order[:count], order[count:]
        learned_from = examples[rest], labels[rest], of_mean_1(weights[rest])
        return learned_from, (examples[held_out], labels[held_out])

    def _fit(
        self,
        training: Weighted,
        validation: Data | None,
        epochs: range,
        schedule: Schedule,
        report: Report | None = None,
    ) -> Iterator[Row]:
        """Train for `epochs`, counted from 0, of which the schedule knows the last."""
        total = len(training[1])
        steps = math.ceil(total / (self.batch_size or total))
        stops_early = self.patience is not None and validation is not None
        best, best_loss, waited = self.tensors(), math.inf, 0
        try:
            for epoch in epochs:
                rates = [schedule.at(epoch + step / steps, epochs.stop) for step in range(steps)]
                with self._all_of_an_epoch():
                    row = self._fit_epoch(training, validation, rates, report)
                    self.history_.append(row)
                waited += 1
                if stops_early and row["validation_loss"] < best_loss:
                    best, best_loss, waited = self.tensors(), row["validation_loss"], 0
                stop = [callback(self) for callback in self.callbacks]
                yield row
                if any(isinstance(answer, bool | np.bool_) and answer for answer in stop):
                    break
                if stops_early and waited == self.patience:
                    break
        except KeyboardInterrupt:
            self._end(best if stops_early and best_loss < math.inf else None)
            raise
        self._end(best if stops_early else None)

    def _end(self, best: dict[str, Array] | None) -> None:
        """Go back to the best weights, if there are any, and let go of the last batch."""
        if best is not None:
            self.set_tensors(best)
        for layer in self.layers_:
            layer.forget()

    @contextmanager
    def _all_of_an_epoch(self) -> Iterator[None]:
        """Leave all as it was before if the block diverges, or Ctrl-C ends it."""
        tensors, optimizer = self.tensors(), copy.deepcopy(self.optimizer_)
        random, done = self.rng_.bit_generator.state, len(self.history_)
        try:
            yield
        except BaseException:
            self.set_tensors(tensors)
            self.optimizer_, self.rng_.bit_generator.state = optimizer, random
            del self.history_[done:]
            raise

    def _fit_epoch(
        self,
        training: Weighted,
        validation: Data | None,
        rates: Sequence[float],
        report: Report | None,
    ) -> Row:
        """Learn from each example once, with a learning rate for each step, and validate."""
        start = time.perf_counter()
        examples, labels, weights = training
        epoch, total = len(self.history_) + 1, len(labels)
        batch_size = self.batch_size or total
        order = self.rng_.permutation(total)
        # Each batch lies where the last one lay, which is in the processor's cache.
        room = np.empty((min(batch_size, total), *examples.shape[1:]), examples.dtype)

        def batches() -> Iterator[Batch]:
            for i, rate in enumerate(rates):
                part = order[i * batch_size : (i + 1) * batch_size]
                batch = room[: len(part)]
                np.take(examples, part, axis=0, out=batch, mode="clip")
                yield batch, labels[part], weights[part], rate

        def told(count: int, loss: float) -> None:
            if report:
                report(epoch, count / total, loss)

        try:
            # A Diverged says more than NumPy's warnings.
            with blas_threads(self.threads), np.errstate(over="ignore", invalid="ignore"):
                loss, accuracy = learn(
                    self.layers_, LOSSES[self.loss], self.optimizer_, batches(), told
                )
        except Diverged as error:
            raise Diverged(f"Epoch {epoch}, {error}") from None
        row = {"epoch": epoch, "learning_rate": rates[0], "loss": loss, "accuracy": accuracy}
        if validation is not None:
            row["validation_loss"], row["validation_accuracy"] = self._evaluate(validation)
        row["seconds"] = time.perf_counter() - start
        return row

    def _evaluate(self, data: Data) -> tuple[float, float]:
        """Loss and accuracy on data that is not trained on."""
        examples, labels = data
        logits = self._logits(examples)
        loss, _ = LOSSES[self.loss](logits, labels)
        return loss, float((logits.argmax(axis=1) == labels).mean())
