"""A classifier made of layers: what it has learned, and what it answers."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from inkdigits.errors import InvalidNetwork
from inkdigits.modelfile.calibration import Calibration, calibrate
from inkdigits.scratch.layers import Array, Conv2D, Dense, Layer, Shape
from inkdigits.scratch.layers.layer import build_checked
from inkdigits.scratch.learning import forward
from inkdigits.scratch.losses import Labels, softmax
from inkdigits.scratch.optimizers import Adam, Optimizer
from inkdigits.scratch.threads import blas_threads

if TYPE_CHECKING:
    from inkdigits.figures import Picture

Row = dict[str, Any]
"""An epoch in `history_`: epoch, learning_rate (of its first step), loss, accuracy, seconds, and
where there is validation data validation_loss and validation_accuracy. Losses are without the
weight decay's."""

ROWS_AT_ONCE = 512
"""So many examples go forward together when there is nothing to learn from them."""
UNITS_SHOWN = 10
"""So many units a `Dense()` has in a summary, before there are any classes."""


class Classifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """All of a `NeuralNetwork` but how it learns; its settings and attributes are described there.

    Files are written and read, and model files made, of this.
    """

    layers: Sequence[Layer] | None
    optimizer: Optimizer | None
    dtype: str
    random_state: int | np.random.RandomState | None
    threads: int | None

    def begin(self, input_shape: Shape, classes: ArrayLike) -> Self:
        """Make new layers for examples of that shape, with weights that know nothing yet.

        `fit` does that itself, for the examples and classes that it gets.
        """
        seed = int(check_random_state(self.random_state).randint(2**31))
        self.seed_, self.rng_ = seed, np.random.default_rng(seed)
        self.classes_ = np.unique(np.asarray(classes))
        self.input_shape_: Shape = tuple(input_shape)
        self.n_features_in_ = self.input_shape_[0]
        self.layers_, _ = self._built(self.input_shape_, len(self.classes_), self.rng_)
        self.optimizer_ = self._new_optimizer()
        self.calibration_ = Calibration()
        self.history_: list[Row] = []
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:  # noqa: N803
        """The most probable class of each example: (N,)."""
        logits = self.logits(X)
        answers: NDArray[Any] = self.classes_[logits.argmax(axis=1)]
        return answers

    def predict_proba(self, X: ArrayLike) -> Array:  # noqa: N803
        """The probability of each class for each example: (N, classes), each row sums to 1."""
        return softmax(self.logits(X) / self.calibration_.temperature)

    def logits(self, X: ArrayLike) -> Array:  # noqa: N803
        """What the last layer gives: (N, classes)."""
        check_is_fitted(self, "layers_")
        return self._logits(self._validated(X)[0])

    def calibrate(self, X: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803
        """Make the probabilities honest, by examples that were not trained on.

        Sets `calibration_`: the temperature that `predict_proba` divides logits by, and the
        confidence that 99 % of the examples reach, or a higher one, above which they show that
        99 % of the answers are right. That takes 299 that are all right: with fewer examples no
        answer is sure. Do it again after more training.
        """
        check_is_fitted(self, "layers_")
        examples, targets = self._validated(X, y)
        self.calibration_ = calibrate(self._logits(examples), self._labels(targets))
        return self

    def summary(self, input_shape: Shape | None = None) -> None:
        """Print the layers, the shapes of what they give, and how many parameters they have.

        `input_shape` is that of an example, such as (784,); a fitted network knows it. Before that
        a `Dense()` is shown as for ten classes.
        """
        if input_shape is None:
            check_is_fitted(
                self, "layers_", msg="Say the examples' shape: summary(input_shape=(784,))."
            )
            input_shape = self.input_shape_
        if not isinstance(input_shape, tuple):
            raise InvalidNetwork(
                f"input_shape must be a tuple, such as (784,) or (28, 28), not {input_shape!r}."
            )
        classes = len(self.classes_) if hasattr(self, "classes_") else None
        layers, shapes = self._built(input_shape, classes, np.random.default_rng(0))
        rows = [("layer", "output shape", "parameters"), ("input", _shape_text(input_shape), "")]
        for layer, shape in zip(layers, shapes, strict=True):
            rows.append((str(layer), _shape_text(shape), f"{_count(layer.parameters):,}"))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for name, shape_text, size in rows:
            print(f"{name:<{widths[0]}}  {shape_text:<{widths[1]}}  {size:>{widths[2]}}".rstrip())
        print(f"parameters: {sum(_count(layer.parameters) for layer in layers):,}")
        if kept := sum(_count(layer.statistics) for layer in layers):
            print(f"running statistics, not trained: {kept:,}")

    def plot_history(self) -> Picture:
        """The loss and the error of each epoch. A notebook shows it; `savefig` writes it."""
        from inkdigits import figures

        check_is_fitted(self, "layers_")
        if not self.history_:
            raise InvalidNetwork("There is no epoch in the history yet: fit the network.")
        return figures.curve(self.history_, "network")

    def plot_weights(self) -> Picture:
        """What the units, or filters, of the first layer that has any look for."""
        from inkdigits import figures

        check_is_fitted(self, "layers_")
        first = next((x for x in self.layers_ if "weights" in x.parameters), None)
        if isinstance(first, Conv2D):
            return figures.filters([first.parameters["weights"].transpose(3, 2, 0, 1)], "network")
        if not isinstance(first, Dense):
            raise InvalidNetwork("It has no Dense or Conv2D whose weights could be drawn.")
        return figures.units(_as_pictures(first.parameters["weights"].T), "network")

    def plot_mistakes(self, X: ArrayLike, y: ArrayLike) -> Picture:  # noqa: N803
        """The worst mistakes among examples that are pictures, or the pixels of square ones."""
        from inkdigits import figures

        check_is_fitted(self, "layers_")
        examples, targets = self._validated(X, y)
        return figures.mistakes(
            _as_pictures(examples / max(float(examples.max()), 1e-12)),
            self._labels(targets),
            softmax(self._logits(examples) / self.calibration_.temperature),
            "network",
            classes=self.classes_.tolist(),
        )

    def tensors(self) -> dict[str, Array]:
        """A copy of all that was learned: "2.weights" are those of the second layer."""
        return {name: array.copy() for name, array in self._named_arrays()}

    def set_tensors(self, tensors: dict[str, Array]) -> None:
        """Go back to what `tensors` gave."""
        for name, array in self._named_arrays():
            array[...] = tensors[name]

    def _named_arrays(self) -> Iterator[tuple[str, Array]]:
        for number, layer in enumerate(self.layers_, start=1):
            for name, array in {**layer.parameters, **layer.statistics}.items():
                yield f"{number}.{name}", array

    def _new_optimizer(self) -> Optimizer:
        # A small network on few examples, which is what people try first, learns with 0.01.
        return Adam(0.01) if self.optimizer is None else copy.deepcopy(self.optimizer)

    def _built(
        self, shape: Shape, classes: int | None, rng: np.random.Generator
    ) -> tuple[list[Layer], list[Shape]]:
        """Layers of its own for examples of that shape, and the shape that each gives.

        The classes are None where nobody knows yet how many there are.
        """
        given = [Dense()] if self.layers is None else self.layers
        layers = [copy.deepcopy(layer) for layer in given]  # one by one: nothing is shared
        shapes: list[Shape] = []
        for number, layer in enumerate(layers, start=1):
            if not isinstance(layer, Layer):
                raise InvalidNetwork(f"Layer {number} is {layer!r}, and no layer such as ReLU().")
            if isinstance(layer, Dense) and layer.units is None:
                layer.units = UNITS_SHOWN if classes is None else classes
            try:
                shape = build_checked(layer, shape, rng, self.dtype)
            except InvalidNetwork as error:
                raise InvalidNetwork(f"Layer {number}, {layer}: {error}") from None
            shapes.append(shape)
        if classes is not None and shape != (classes,):
            last = layers[-1] if layers else "the input"
            raise InvalidNetwork(
                f"The last layer, {last}, gives examples of shape {shape}, but {classes} classes "
                f"need ({classes},). End with Dense({classes}) or Dense()."
            )
        return layers, shapes

    def _validated(
        self,
        X: ArrayLike,  # noqa: N803
        y: ArrayLike | None = "no_validation",
        *,
        reset: bool = False,
    ) -> tuple[Array, NDArray[Any]]:
        """Examples, and their classes if there are any, as arrays without NaN or infinity.

        With `reset` they say what examples look like; else they have to look like those. (Without
        `y` it is scikit-learn's own word for that: a `y` of None is a mistake.)
        """
        if self.dtype not in ("float32", "float64", np.float32, np.float64):
            raise InvalidNetwork(f"dtype must be float32 or float64, not {self.dtype!r}.")
        # Of rows of features scikit-learn speaks in its own words, of pictures it has none.
        if not reset and max(len(getattr(X, "shape", ())) - 1, len(self.input_shape_)) > 1:
            self._check_shape(np.asarray(X))
        options = {"dtype": self.dtype, "allow_nd": True, "reset": reset}
        checked = validate_data(self, X, y, **options)
        examples, targets = checked if isinstance(checked, tuple) else (checked, np.empty(0))
        if not reset:
            self._check_shape(examples)
        return examples, targets

    def _check_shape(self, examples: Array) -> None:
        if examples.shape[1:] != self.input_shape_:
            raise InvalidNetwork(
                f"The network takes examples of shape {self.input_shape_}, as it was fitted with; "
                f"these are {examples.shape[1:]}."
            )

    def _labels(self, targets: NDArray[Any]) -> Labels:
        """The classes' places in `classes_`."""
        known, places = np.unique(targets, return_inverse=True)
        place_of = {value: place for place, value in enumerate(self.classes_.tolist())}
        strange = [value for value in known.tolist() if value not in place_of]
        if strange:
            raise InvalidNetwork(
                f"The network knows the classes {self.classes_}, but y holds {strange[0]!r}."
            )
        return np.array([place_of[value] for value in known.tolist()])[places]

    def _logits(self, examples: Array) -> Array:
        starts = range(0, len(examples), ROWS_AT_ONCE)
        with blas_threads(self.threads):
            return np.concatenate(
                [forward(self.layers_, examples[i : i + ROWS_AT_ONCE]) for i in starts]
            )


def _as_pictures(rows: Array) -> Array:
    """(N, side, side), of (N, side side), (N, side, side) or (N, side, side, 1)."""
    side = math.isqrt(math.prod(rows.shape[1:]))
    if side**2 != math.prod(rows.shape[1:]):
        raise InvalidNetwork(
            f"Examples of shape {rows.shape[1:]} are no square pictures, and cannot be drawn."
        )
    return rows.reshape(-1, side, side)


def _count(arrays: Mapping[str, Array]) -> int:
    return sum(array.size for array in arrays.values())


def _shape_text(shape: Shape) -> str:
    """As Keras writes it: the number of examples is open."""
    return str((None, *shape))
