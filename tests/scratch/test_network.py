"""The network: a scikit-learn classifier that learns, goes on learning, and explains itself."""

from __future__ import annotations

import copy
import pickle
import re
import subprocess
import sys
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn

from inkdigits import InkDigitsError
from inkdigits.errors import Diverged, InvalidNetwork
from inkdigits.scratch import (
    SGD,
    Adam,
    AdamW,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2D,
    NeuralNetwork,
    OneCycle,
    ReLU,
    Reshape,
    Skip,
    Step,
    check_gradients,
)
from scratch.clouds import clouds

X, Y = clouds()


def small(**settings: Any) -> NeuralNetwork:
    layers = [Dense(16), ReLU(), Dense(3)]
    return NeuralNetwork(**{"layers": layers, "random_state": 0, "epochs": 5, **settings})


def cnn(**settings: Any) -> NeuralNetwork:
    layers = [
        Reshape((8, 8, 1)),
        Conv2D(8, padding=1),
        BatchNorm(),
        ReLU(),
        MaxPool2D(2),
        Flatten(),
        Dropout(0.2),
        Dense(10),
    ]
    return NeuralNetwork(layers, **{"random_state": 0, "epochs": 12, **settings})


def digits() -> tuple[NDArray[Any], NDArray[Any]]:
    pixels, labels = load_digits(return_X_y=True)
    return pixels / 16, labels


def tensors_equal(one: NeuralNetwork, other: NeuralNetwork) -> bool:
    a, b = one.tensors(), other.tensors()
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@parametrize_with_checks(
    [
        NeuralNetwork(random_state=0),
        NeuralNetwork([Dense(32), ReLU(), Dense()], random_state=0),
        NeuralNetwork([Dense(32), BatchNorm(), ReLU(), Dense()], random_state=0, dtype="float64"),
    ],
    expected_failed_checks=lambda _: {
        "check_sample_weight_equivalence_on_dense_data": "repeated examples fall into other batches"
    },
)
def test_it_is_what_scikit_learn_expects_of_a_classifier(estimator: Any, check: Any) -> None:
    check(estimator)


def test_it_works_in_a_pipeline_and_in_cross_validation() -> None:
    pixels, labels = digits()
    pipeline = make_pipeline(StandardScaler(), NeuralNetwork([Dense(64), ReLU(), Dense()]))
    assert cross_val_score(pipeline, pixels, labels, cv=3).min() > 0.9


def test_a_convolutional_network_learns_digits() -> None:
    pixels, labels = digits()
    network = cnn().fit(pixels[:1400], labels[:1400])
    assert network.score(pixels[1400:], labels[1400:]) > 0.93


def test_training_is_what_pytorch_does_step_by_step() -> None:
    """A whole network, full batch, with momentum and weight decay on the weights alone."""
    network = small(
        epochs=1, batch_size=None, optimizer=SGD(0.2, momentum=0.9, weight_decay=0.01)
    ).begin((4,), [0, 1, 2])
    network = network.set_params(dtype="float64", warm_start=True, epochs=20)
    network.begin((4,), [0, 1, 2])
    other = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3)).double()
    for number, name in (("1", "0"), ("3", "2")):
        tensors = network.tensors()
        other.get_parameter(f"{name}.weight").data = torch.from_numpy(
            tensors[f"{number}.weights"].T
        )
        other.get_parameter(f"{name}.bias").data = torch.from_numpy(tensors[f"{number}.biases"])
    network.fit(X, Y)
    weights = [p for name, p in other.named_parameters() if name.endswith("weight")]
    biases = [p for name, p in other.named_parameters() if name.endswith("bias")]
    optimizer = torch.optim.SGD(
        [{"params": weights, "weight_decay": 0.01}, {"params": biases}], lr=0.2, momentum=0.9
    )
    losses = []
    for _ in range(20):
        loss = nn.functional.cross_entropy(other(torch.from_numpy(X).double()), torch.from_numpy(Y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    np.testing.assert_allclose([row["loss"] for row in network.history_], losses, rtol=1e-9)
    with torch.no_grad():
        np.testing.assert_allclose(
            network.logits(X), other(torch.from_numpy(X).double()), atol=1e-9
        )


def test_the_same_seed_gives_the_same_network_and_another_one_another() -> None:
    pixels, labels = digits()
    first, again = cnn(epochs=2).fit(pixels, labels), cnn(epochs=2).fit(pixels, labels)
    assert tensors_equal(first, again)
    assert not tensors_equal(first, cnn(epochs=2, random_state=1).fit(pixels, labels))


def test_the_layers_given_stay_descriptions() -> None:
    layers = [Dense(16), ReLU(), Dense()]
    before = copy.deepcopy(layers)
    network = NeuralNetwork(layers, random_state=0).fit(X, Y)
    assert layers == before
    assert not hasattr(layers[0], "parameters")
    assert network.layers_[2] == Dense(3)
    with pytest.raises(NotFittedError):
        clone(network).predict(X)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copy_of_a_fitted_network_goes_on_learning_by_itself(copied: Any) -> None:
    network = small().fit(X, Y)
    other = copied(network)
    before = network.tensors()
    other.partial_fit(X, Y)
    assert not tensors_equal(network, other)
    assert all(np.array_equal(before[name], array) for name, array in network.tensors().items())
    assert tensors_equal(network.partial_fit(X, Y), other)


def test_a_layer_that_is_listed_twice_is_two_layers() -> None:
    relu, norm = ReLU(), BatchNorm()
    shared = NeuralNetwork([Dense(9), norm, relu, Dense(9), norm, relu, Dense()], random_state=0)
    apart = [Dense(9), BatchNorm(), ReLU(), Dense(9), BatchNorm(), ReLU(), Dense()]
    assert tensors_equal(shared.fit(X, Y), NeuralNetwork(apart, random_state=0).fit(X, Y))


def test_history_tells_of_each_epoch() -> None:
    network = small(epochs=3, validation_fraction=0.2, optimizer=Adam(Step(0.01, every=2)))
    network.fit(X, Y)
    assert [row["epoch"] for row in network.history_] == [1, 2, 3]
    assert [row["learning_rate"] for row in network.history_] == pytest.approx([0.01, 0.01, 0.001])
    assert network.history_[2]["loss"] < network.history_[0]["loss"]
    assert network.history_[2]["validation_accuracy"] > 0.8
    assert all(row["seconds"] > 0 for row in network.history_)


def test_each_epoch_uses_each_example_once_in_a_new_order() -> None:
    seen: list[NDArray[Any]] = []

    class Spy(Flatten):
        def forward(self, x: NDArray[Any], training: bool = False) -> NDArray[Any]:
            if training:
                seen.append(x[:, 0].copy())
            return super().forward(x, training)

    numbers = np.arange(10, dtype=np.float32)[:, None]
    network = NeuralNetwork([Spy(), Dense()], epochs=2, batch_size=4, random_state=0)
    network.fit(numbers, np.arange(10) % 2)
    assert [len(batch) for batch in seen] == [4, 4, 2] * 2
    one, two = np.concatenate(seen[:3]), np.concatenate(seen[3:])
    assert sorted(one) == sorted(two) == list(range(10))
    assert not np.array_equal(one, two)


def test_the_callbacks_are_called_after_each_epoch_and_can_stop_the_training() -> None:
    epochs: list[int] = []

    def watch(network: NeuralNetwork) -> bool:
        epochs.append(network.history_[-1]["epoch"])
        return len(epochs) == 3

    small(callbacks=[watch], epochs=10).fit(X, Y)
    assert epochs == [1, 2, 3]
    stopped = small(callbacks=[lambda network: np.bool_(True)], epochs=10).fit(X, Y)
    assert len(stopped.history_) == 1


def test_early_stopping_goes_back_to_the_best_epoch() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(60, 20)), rng.integers(0, 3, 60)  # only to learn by heart
    others = rng.normal(size=(60, 20)), rng.integers(0, 3, 60)
    network = NeuralNetwork(
        [Dense(64), ReLU(), Dense()], epochs=200, patience=5, random_state=0, dtype="float64"
    )
    network.fit(*noise, validation_data=others)
    losses = [row["validation_loss"] for row in network.history_]
    assert len(losses) == int(np.argmin(losses)) + 1 + 5
    probabilities = network.predict_proba(others[0])
    loss = -np.log(probabilities[np.arange(60), others[1]]).mean()
    assert loss == pytest.approx(min(losses))


def test_validation_examples_are_not_trained_on() -> None:
    learned, judged = set(), set()

    class Spy(Flatten):
        def forward(self, x: NDArray[Any], training: bool = False) -> NDArray[Any]:
            (learned if training else judged).update(x[:, 0])
            return super().forward(x, training)

    numbers = np.arange(100.0)[:, None]
    network = NeuralNetwork([Spy(), Dense()], epochs=3, validation_fraction=0.3)
    network.fit(numbers, np.arange(100) % 2)
    assert (len(learned), len(judged)) == (70, 30)
    assert not learned & judged


def test_the_weights_of_examples_that_are_held_out_are_no_matter() -> None:
    learned: set[float] = set()

    class Spy(Flatten):
        def forward(self, x: NDArray[Any], training: bool = False) -> NDArray[Any]:
            if training:
                learned.update(x[:, 0])
            return super().forward(x, training)

    settings: dict[str, Any] = {"layers": [Spy(), Dense()], "validation_fraction": 0.3}
    alike = small(**settings, dtype="float64").fit(X, Y)
    weights = np.where(np.isin(X[:, 0], list(learned)), 1.0, 50.0)
    assert (weights == 50).sum() == np.ceil(0.3 * len(X))
    others = small(**settings, dtype="float64").fit(X, Y, sample_weight=weights)
    assert tensors_equal(alike, others)


def test_warm_start_goes_on_with_new_data() -> None:
    network = small(warm_start=True).fit(X, Y)
    before = network.tensors()
    more = clouds(100, seed=1)
    network.fit(*more)
    assert [row["epoch"] for row in network.history_] == list(range(1, 11))
    assert network.history_[5]["loss"] < network.history_[0]["loss"] / 2
    cold = small().fit(*more)
    assert not tensors_equal(network, cold)
    assert not np.array_equal(before["1.weights"], network.tensors()["1.weights"])


def test_partial_fit_learns_from_a_stream_of_batches() -> None:
    network = small(optimizer=Adam(0.02))
    for seed in range(20):
        network.partial_fit(*clouds(60, seed), classes=[0, 1, 2])
    assert network.score(*clouds(300, 99)) > 0.9


def test_partial_fit_learns_with_a_patience_that_only_fit_can_have() -> None:
    network = small(patience=3, validation_fraction=0.2).partial_fit(X, Y)
    before = network.tensors()
    network.partial_fit(X, Y)
    assert not np.array_equal(before["1.weights"], network.tensors()["1.weights"])


def test_what_is_learned_between_two_epochs_is_not_lost() -> None:
    network = small(epochs=3, optimizer=SGD(0.1))
    rows = network.fit_by_epoch(X, Y)
    next(rows)
    network.partial_fit(X, Y)
    between = network.tensors()
    list(rows)
    assert len(network.history_) == 4
    assert not np.array_equal(between["1.weights"], network.tensors()["1.weights"])


def test_a_refit_that_fails_leaves_the_network_as_it_was() -> None:
    network = small().fit(X, Y)
    before = network.predict_proba(X)
    with pytest.raises(InvalidNetwork):
        network.fit(X[:, :2], Y > 0)
    np.testing.assert_array_equal(network.predict_proba(X), before)


def test_a_last_batch_of_one_example_does_not_spoil_batch_normalisation() -> None:
    def fitted(count: int) -> NeuralNetwork:
        network = NeuralNetwork([Dense(16), BatchNorm(), ReLU(), Dense()], random_state=0)
        return network.fit(*clouds(count))

    even, odd = (fitted(count).tensors()["2.variance"].mean() for count in (320, 321))
    assert odd == pytest.approx(even, rel=0.1)


def test_batch_normalisation_of_one_example_at_a_time_is_refused() -> None:
    with pytest.raises(InvalidNetwork, match="1 sample at a time: take a larger batch_size"):
        NeuralNetwork([Dense(16), BatchNorm(), ReLU(), Dense()], batch_size=1).fit(X, Y)


def test_ctrl_c_goes_back_to_the_best_epoch_and_lets_go_of_the_batch() -> None:
    losses: list[float] = []

    def stop(network: NeuralNetwork) -> None:
        losses.append(network.history_[-1]["validation_loss"])
        if len(losses) > 4 and losses[-1] > min(losses):
            raise KeyboardInterrupt

    rng = np.random.default_rng(0)
    others = rng.normal(size=(50, 4)), rng.integers(0, 3, 50)
    network = small(epochs=200, patience=100, callbacks=[stop], optimizer=Adam(0.05))
    with pytest.raises(KeyboardInterrupt):
        network.fit(X[:40], Y[:40], validation_data=others)
    probabilities = network.predict_proba(others[0])
    loss = -np.log(probabilities[np.arange(50), others[1]]).mean()
    assert loss == pytest.approx(min(losses), rel=1e-4)
    assert all(layer.kept is None for layer in network.layers_)


def test_partial_fit_needs_only_some_of_the_classes_each_time() -> None:
    network = small().partial_fit(X[Y < 2], Y[Y < 2], classes=[0, 1, 2])
    network.partial_fit(X[Y == 2], Y[Y == 2])
    assert network.predict_proba(X).shape == (300, 3)


def test_an_interrupted_training_that_is_resumed_ends_as_if_it_had_never_stopped() -> None:
    settings = {"epochs": 6, "optimizer": Adam(OneCycle(0.02))}
    whole = small(**settings).fit(X, Y)
    network = small(**settings)
    rows = network.fit_by_epoch(X, Y)
    for _ in range(3):
        next(rows)
    rows.close()
    list(network.fit_by_epoch(X, Y, resume=True))
    assert len(network.history_) == 6
    assert tensors_equal(whole, network)


class Stopping(ReLU):
    """Ctrl-C, from some call on, while it learns or does not."""

    while_training: ClassVar[bool | None] = None
    calls_before: ClassVar[int] = 0

    def forward(self, x: NDArray[Any], training: bool = False) -> NDArray[Any]:
        if training == Stopping.while_training:
            Stopping.calls_before -= 1
            if Stopping.calls_before < 0:
                raise KeyboardInterrupt
        return super().forward(x, training)


@pytest.mark.parametrize(("while_training", "calls_before"), [(True, 5), (False, 0)])
def test_ctrl_c_within_an_epoch_goes_back_to_where_it_began_and_resumed_it_ends_the_same(
    monkeypatch: pytest.MonkeyPatch, while_training: bool, calls_before: int
) -> None:
    layers = [Dense(16), BatchNorm(), Dropout(0.2), Stopping(), Dense()]
    settings: dict[str, Any] = {"layers": layers, "epochs": 4, "optimizer": Adam(OneCycle(0.02))}
    data: dict[str, Any] = {"validation_data": clouds(50, seed=5)}
    whole = small(**settings).fit(X, Y, **data)
    network = small(**settings)
    rows = network.fit_by_epoch(X, Y, **data)
    next(rows), next(rows)
    after_two = copy.deepcopy(network)
    monkeypatch.setattr(Stopping, "calls_before", calls_before)
    monkeypatch.setattr(Stopping, "while_training", while_training)
    with pytest.raises(KeyboardInterrupt):
        next(rows)
    monkeypatch.setattr(Stopping, "while_training", None)
    assert len(network.history_) == 2
    assert tensors_equal(network, after_two)
    assert network.optimizer_.steps == after_two.optimizer_.steps
    list(network.fit_by_epoch(X, Y, resume=True, **data))
    assert tensors_equal(network, whole)


def test_labels_may_be_words() -> None:
    words = np.array(["ash", "birch", "cedar"])[Y]
    network = small().fit(X, words)
    assert list(network.classes_) == ["ash", "birch", "cedar"]
    assert network.score(X, words) > 0.9


def test_calibration_changes_confidence_and_no_answer() -> None:
    network = small(epochs=40).fit(X[:40], Y[:40])
    other, labels = clouds(400, seed=5)
    before, confidence = network.predict(other), network.predict_proba(other).max(axis=1)
    network.calibrate(other, labels)
    np.testing.assert_array_equal(network.predict(other), before)
    assert not np.allclose(network.predict_proba(other).max(axis=1), confidence)
    sure = network.predict_proba(other).max(axis=1) > network.calibration_.sure_from
    assert 0.8 < sure.mean() < 1
    assert (before == labels)[sure].mean() > 0.99


def test_the_squared_error_learns_too() -> None:
    assert small(loss="mean_squared_error", epochs=30).fit(X, Y).score(X, Y) > 0.9


def test_a_summary_lists_layers_shapes_and_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    cnn().summary(input_shape=(64,))
    text = capsys.readouterr().out
    assert re.search(r"Conv2D\(filters=8, padding=1\)\s+\(None, 8, 8, 8\)\s+80\n", text)
    assert re.search(r"Dense\(units=10\)\s+\(None, 10\)\s+1,290\n", text)
    assert "parameters: 1,386\n" in text
    assert "not trained: 16\n" in text
    small().fit(X, Y).summary()
    assert "parameters: 131\n" in capsys.readouterr().out


def test_a_summary_before_there_are_classes_takes_any_number_of_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    small().summary(input_shape=(4,))
    assert re.search(r"Dense\(units=3\)\s+\(None, 3\)\s+51\n", capsys.readouterr().out)
    NeuralNetwork().summary(input_shape=(4,))
    assert "(None, 10)" in capsys.readouterr().out
    with pytest.raises(InvalidNetwork, match=r"must be a tuple, such as \(784,\) .*, not 4"):
        small().summary(input_shape=4)  # type: ignore[arg-type]


def test_the_bar_shows_epoch_loss_and_accuracy(capfd: pytest.CaptureFixture[str]) -> None:
    small(progress=True, epochs=2, validation_fraction=0.2).fit(X, Y)
    shown = capfd.readouterr().err
    assert re.search(r"epoch +2/2  loss 0\.\d+  accuracy [\d.]+%  validation loss", shown)


def test_without_a_bar_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    small().fit(X, Y)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([Dense(16), Conv2D(4), Dense(3)], r"Layer 2, Conv2D\(filters=4\).*but gets \(16,\)"),
        ([Reshape((2, 2, 1)), Dense(3)], r"Layer 2, Dense\(units=3\).*gets \(2, 2, 1\).*Flatten"),
        ([Reshape((2, 2, 1)), Conv2D(4)], r"Layer 2.*window is 3 x 3.*only 2 x 2"),
        ([Reshape((28, 28, 1))], r"Layer 1, Reshape.*784 values.*gets \(4,\)"),
        ([Dense(16)], r"Dense\(units=16\), gives .*\(16,\), but 3 classes need \(3,\)"),
        ([Dense(0), Dense(3)], "Layer 1.*units must be"),
        ([], r"The last layer, the input, gives .*\(4,\)"),
    ],
    ids=str,
)
def test_layers_that_do_not_fit_are_named_before_the_first_step(
    layers: list[Any], message: str
) -> None:
    with pytest.raises(InvalidNetwork, match=message):
        NeuralNetwork(layers).fit(X, Y)


class Scale(Layer):
    """One factor a feature, as a learner would write it."""

    def build(self, shape: tuple[int, ...], rng: np.random.Generator, dtype: Any) -> Any:
        self.hold({"factors": np.full(shape, 2.0)}, dtype)
        return shape

    def forward(self, x: NDArray[Any], training: bool = False) -> NDArray[Any]:
        self.kept = x
        return x * self.parameters["factors"]

    def backward_parameters(self, gradient: NDArray[Any]) -> None:
        self.gradients["factors"][:] = (gradient * self.kept).sum(axis=0)

    def backward(self, gradient: NDArray[Any]) -> NDArray[Any]:
        return gradient * self.parameters["factors"]


def test_a_layer_of_your_own_learns() -> None:
    network = NeuralNetwork([Dense(8), Scale(), ReLU(), Dense()], random_state=0).fit(X, Y)
    assert np.abs(network.layers_[1].parameters["factors"] - 2).min() > 0.001
    assert network.score(X, Y) > 0.9


def test_a_layer_of_your_own_may_hold_plain_numbers() -> None:
    class Temperature(Layer):
        def build(self, shape: tuple[int, ...], rng: np.random.Generator, dtype: Any) -> Any:
            self.hold({"factor": 1.0}, dtype, {"batches": 0})
            return shape

        def forward(self, x: NDArray[Any], training: bool = False) -> NDArray[Any]:
            self.kept = x
            self.statistics["batches"] += training
            return x * self.parameters["factor"]

        def backward_parameters(self, gradient: NDArray[Any]) -> None:
            self.gradients["factor"][...] = (gradient * self.kept).sum()

        def backward(self, gradient: NDArray[Any]) -> NDArray[Any]:
            return gradient * self.parameters["factor"]

    check_gradients(Temperature(), (4,))
    network = NeuralNetwork([Temperature(), Dense()], epochs=1, batch_size=30).fit(X, Y)
    assert network.layers_[0].parameters["factor"] != 1
    assert network.layers_[0].statistics["batches"] == -(-len(X) // 30)


def test_a_layer_of_your_own_that_would_never_learn_is_named() -> None:
    class Replaces(Scale):
        def backward_parameters(self, gradient: NDArray[Any]) -> None:
            self.gradients["factors"] = (gradient * self.kept).sum(axis=0)

    with pytest.raises(
        InvalidNetwork, match=r'Layer 1, Replaces\(\).*gradients\["factors"\]\[:\] ='
    ):
        NeuralNetwork([Replaces(), Dense()]).fit(X, Y)


def test_a_layer_of_your_own_without_a_way_back_is_named() -> None:
    class Sq(Layer):
        def forward(self, x: NDArray[Any], training: bool = False) -> NDArray[Any]:
            return x**2

    class Mistyped(Layer):
        def foward(self, x: NDArray[Any], training: bool = False) -> NDArray[Any]:
            return x**2

    class Unheard(Layer):
        def backward(self, gradient: NDArray[Any]) -> NDArray[Any]:
            return 2 * gradient

    class Cubed(ReLU):
        def forward(self, x: NDArray[Any], training: bool = False) -> NDArray[Any]:
            self.kept = x > 0
            return x**3

    class NeverLearns(Layer):
        build, forward, backward = Scale.build, Scale.forward, Scale.backward

    width = X.shape[1]
    no_backward = rf"has a forward and no backward\. .*check_gradients\(Sq\(\), \({width},\)\)"
    for layer, says in [
        (Sq(), rf"Layer 1, Sq\(\): it {no_backward}"),
        (Skip([Sq()]), no_backward),
        (Mistyped(), r"Layer 1, Mistyped\(\): it has neither a forward nor a backward"),
        (Unheard(), "no forward, only a backward"),
        (Cubed(), "a forward and no backward but that of ReLU"),
        (NeverLearns(), "a forward and no backward_parameters. Write one"),
        (Skip([NeverLearns()]), "a forward and no backward_parameters. Write one"),
    ]:
        with pytest.raises(InvalidNetwork, match=says):
            NeuralNetwork([layer, Dense()]).fit(X, Y)


def test_a_layer_that_passes_everything_on_or_has_its_way_back_from_another_is_let_be() -> None:
    class Noted(ReLU):
        def forward(self, x: NDArray[Any], training: bool = False) -> NDArray[Any]:
            return super().forward(x, training)

    NeuralNetwork([Layer(), Noted(), Dense()], epochs=1).fit(X, Y)


def test_a_layer_of_your_own_that_is_not_built_right_is_named() -> None:
    class GivesNothing(Scale):
        def build(self, *args: Any) -> None:
            super().build(*args)

    class HoldsNothing(Scale):
        def build(self, shape: tuple[int, ...], *_: Any) -> Any:
            return shape

    for kind in (GivesNothing, HoldsNothing):
        for layer in (kind(), Skip([kind()])):
            with pytest.raises(InvalidNetwork, match=r"Layer 1, .*has to call self\.hold.* return"):
                NeuralNetwork([layer, Dense()]).fit(X, Y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number from 1"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"batch_size": 1.5}, "batch_size must be"),
        ({"patience": 3}, "patience needs a validation_fraction"),
        ({"patience": 0, "validation_fraction": 0.1}, "patience must be"),
        ({"validation_fraction": 1.0}, "from 0 to below 1"),
        ({"validation_fraction": 0.9999}, "leaves none of the 300 examples"),
        ({"loss": "hinge"}, "no loss 'hinge': choose from cross_entropy"),
        ({"dtype": "float16"}, "float32 or float64, not 'float16'"),
        ({"dtype": "wide"}, "float32 or float64, not 'wide'"),
        ({"optimizer": "adam"}, r"one such as Adam\(0.001\), not 'adam'"),
        ({"optimizer": Adam}, r"one such as Adam\(0.001\)"),
        ({"callbacks": print}, "a list of functions"),
        ({"validation_fraction": None}, "from 0 to below 1, not None"),
        ({"layers": [Dense, Dense(3)]}, "Layer 1 is <class .*Dense'>, and no layer"),
        ({"layers": ["relu", Dense(3)]}, "Layer 1 is 'relu', and no layer"),
        ({"layers": [Reshape(4), Dense(3)]}, "Layer 1, .*must be a tuple"),
        ({"layers": [BatchNorm(momentum=7), Dense(3)]}, "momentum must be from 0 to below 1"),
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_explained(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidNetwork, match=message):
        small(**settings).fit(X, Y)


def test_nan_pixels_empty_data_and_mismatched_labels_are_explained() -> None:
    holed = X.copy()
    holed[3, 1] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        small().fit(holed, Y)
    with pytest.raises(ValueError, match="0 sample"):
        small().fit(X[:0], Y[:0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        small().fit(X, Y[:-1])
    network = small().fit(X, Y)
    with pytest.raises(ValueError, match="contains NaN"):
        network.predict(holed)


def test_examples_of_another_shape_are_refused() -> None:
    network = NeuralNetwork([Flatten(), Dense()], epochs=1).fit(X.reshape(-1, 2, 2), Y)
    with pytest.raises(InvalidNetwork, match=r"shape \(2, 2\), .* these are \(2, 3\)"):
        network.predict(np.zeros((5, 2, 3)))
    with pytest.raises(InvalidNetwork, match=r"shape \(2, 2\), .* these are \(4,\)"):
        network.predict(X)
    with pytest.raises(InvalidNetwork, match=r"shape \(4,\), .* these are \(2, 2\)"):
        small().fit(X, Y).predict(X.reshape(-1, 2, 2))


def test_nothing_is_resumed_that_was_not_begun() -> None:
    with pytest.raises(NotFittedError):
        small().fit_by_epoch(X, Y, resume=True)


def test_a_label_that_was_not_among_the_classes_is_named() -> None:
    network = small().fit(X, Y)
    with pytest.raises(InvalidNetwork, match="y holds 7"):
        network.partial_fit(X, np.full(len(Y), 7))
    with pytest.raises(InvalidNetwork, match="y holds"):
        network.partial_fit(X, np.full(len(Y), "seven"))
    with pytest.raises(InvalidNetwork, match="y holds 7"):
        small().fit(X, Y, validation_data=(X, Y + 7))
    with pytest.raises(InvalidNetwork, match="knows the classes"):
        network.partial_fit(X, Y, classes=[0, 1, 2, 3])


@pytest.mark.parametrize(
    ("examples", "settings", "cause"),
    [
        (X, {"optimizer": SGD(1e30)}, "learning rate, 1e.30.* too large.*Divide it by 10"),
        (X * 1e30, {"optimizer": SGD(1e10)}, "examples are too large: they go up to"),
    ],
    ids=["rate", "examples"],
)
def test_an_exploding_loss_stops_the_training_and_names_the_likely_cause(
    examples: NDArray[Any], settings: dict[str, Any], cause: str
) -> None:
    with pytest.raises(Diverged, match=f"Epoch 1, step .* the loss became nan.*{cause}") as error:
        small(**settings).fit(examples, Y)
    assert isinstance(error.value, InkDigitsError)


def test_a_last_step_that_explodes_does_not_leave_a_network_of_nan() -> None:
    with pytest.raises(
        Diverged, match=r"Epoch 1, step 1: the weights became infinite.*learning rate"
    ):
        small(epochs=1, batch_size=None, optimizer=SGD(3e38, weight_decay=100.0)).fit(X, Y)


def test_an_exploding_loss_loses_nothing_that_was_learned_before() -> None:
    network = small(optimizer=SGD(0.1, momentum=0.9)).fit(X, Y)
    other = copy.deepcopy(network)
    with pytest.raises(Diverged):
        network.partial_fit(X * 1e30, Y)
    assert tensors_equal(network, other)
    assert network.partial_fit(X, Y).score(X, Y) >= other.score(X, Y) - 0.02


def test_weights_are_as_good_as_repetition() -> None:
    often = np.random.default_rng(0).integers(0, 4, len(X))
    exact: dict[str, Any] = {"batch_size": None, "dtype": "float64"}  # all examples in each step
    repeated = small(**exact).fit(X.repeat(often, axis=0), Y.repeat(often))
    weighted = small(**exact).fit(X, Y, sample_weight=often)
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X))
    np.testing.assert_allclose(weighted.history_[-1]["loss"], repeated.history_[-1]["loss"])

    by_class = small(**exact).fit(X, Y, class_weight={0: 1, 1: 3, 2: 0})
    by_example = small(**exact).fit(X, Y, sample_weight=np.array([1, 3, 0])[Y])
    np.testing.assert_array_equal(by_class.predict_proba(X), by_example.predict_proba(X))


def test_balanced_classes_are_not_forgotten_where_they_are_rare() -> None:
    few = np.flatnonzero((Y > 0) | (np.arange(len(Y)) < 10))  # of cloud 0
    alike, balanced = (
        small(optimizer=SGD(0.02)).fit(X[few], Y[few], class_weight=weight)
        for weight in (None, "balanced")
    )
    rare = Y == 0
    assert balanced.score(X[rare], Y[rare]) > alike.score(X[rare], Y[rare]) + 0.2


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], r"one number for each of the 300 examples; its shape is \(2,\)"),
        (np.zeros(300), "numbers from 0 on, and not all of them zero"),
        (np.full(300, -1), "from 0 on"),
        (np.full(300, np.nan), "must be numbers"),
    ],
)
def test_weights_that_make_no_sense_are_explained(weights: Any, message: str) -> None:
    with pytest.raises(InvalidNetwork, match=message):
        small().fit(X, Y, sample_weight=weights)


def test_an_optimizer_that_shrinks_weights_leaves_smaller_ones() -> None:
    plain = small(optimizer=AdamW(0.01, weight_decay=0)).fit(X, Y)
    shrunk = small(optimizer=AdamW(0.01, weight_decay=1.0)).fit(X, Y)
    norms = [np.linalg.norm(network.tensors()["1.weights"]) for network in (shrunk, plain)]
    assert norms[0] < 0.9 * norms[1]


def test_it_needs_neither_pytorch_nor_matplotlib() -> None:
    code = """
import sys
from inkdigits.scratch import Dense, NeuralNetwork
NeuralNetwork([Dense()], epochs=1).fit([[0.0], [1.0]] * 5, [0, 1] * 5)
assert not {"torch", "matplotlib", "onnx", "onnxruntime"} & set(sys.modules), sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
