"""The bar that people watch while a network trains."""

import io

from rich.console import Console

from inkdigits.progress import TrainingBar

ROW = {"epoch": 2, "loss": 0.25, "accuracy": 0.875, "seconds": 3.2}
VALIDATION = {"validation_loss": 0.5, "validation_accuracy": 0.8125}


def shown(bar_shown: bool = True, **row: float) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, color_system=None)
    bar = TrainingBar(3, console=console, shown=bar_shown)
    for _ in bar.follow([{**ROW, **row}]):
        bar.report(3, 0.5, 0.125)
    return out.getvalue()


def test_each_epoch_is_a_line_with_loss_and_accuracy() -> None:
    assert "epoch   2/3  loss 0.2500  accuracy 87.50%  3.2 s" in shown()
    assert "validation loss 0.5000  validation accuracy 81.25%" in shown(**VALIDATION)


def test_the_bar_tells_the_loss_of_the_epoch_and_the_last_validation() -> None:
    assert "epoch 3/3  loss 0.1250  validation accuracy 81.25%" in shown(**VALIDATION)


def test_nothing_is_shown_where_nobody_watches() -> None:
    assert shown(bar_shown=False) == ""
