"""Settings of a recipe by name, as somebody types them: learning_rate=0.01, augmentation=none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from inkdigits.scratch.schedules import Schedule
from inkdigits.training.fit import InvalidRun

NOT_SETTINGS = {"name", "layers", "epochs", "replay", "kept"}
"""Fields of a recipe that make it another one, have an option of their own, or are of a fine-tuning
alone."""
INSIDE = ("optimizer",)
"""What a network in NumPy is trained with has settings of its own, which are found by name, too."""
ONE_OR_MORE = (
    *("batch_size", "pages", "validation_pages", "calibration_pages"),
    *("real_ink.drawn", "augmentation.elastic_grid", "rough.elastic_grid"),
)
LEAST = dict.fromkeys(ONE_OR_MORE, 1)
"""No number of a recipe is below 0, and these are not below 1."""
SHARES = (
    *("label_smoothing", "average_decay", "teachers_share", "rough_share"),
    *(
        f"{bent}.{share}"
        for bent in ("augmentation", "rough")
        for share in ("holes", "coarse", "bilevel")
    ),
)
MOST = dict.fromkeys(SHARES, 1)
READ: dict[type, tuple[Callable[[str], Any], str]] = {
    bool: ({"true": True, "false": False}.__getitem__, "true or false"),
    int: (int, "a whole number"),
    float: (float, "a number"),
    str: (str, "a word"),
}
"""How a text becomes a value of that type, and what to call such a text."""

Thing = TypeVar("Thing")


def changed(recipe: Thing, changes: Mapping[str, str]) -> Thing:
    """The recipe with other settings, which are texts: {"batch_size": "64"}.

    A dot leads into a part: {"augmentation.noise": "30"}; "none" leaves a part out that may be
    missing. Raises InvalidRun for a setting that there is not, or that cannot be that; also of the
    recipe itself.
    """
    for name, text in changes.items():
        recipe = _with(recipe, name, name, text)
    _check_numbers(recipe)
    return recipe


def _with(thing: Thing, path: str, name: str, text: str) -> Thing:
    """The thing with the setting at the end of the path; the name is the whole of it."""
    first, _, rest = path.partition(".")
    settings = _settings(thing)
    if first not in settings:
        for part in INSIDE:
            if part in settings and first in _settings(settings[part]):
                first, rest = part, path
                break
        else:
            raise InvalidRun(
                f"There is no setting {name}. Choose from: {', '.join(_names(thing))}."
            )
    value = settings[first]
    if rest and is_dataclass(value):
        value = _with(value, rest, name, text)
    elif isinstance(value, Schedule):
        value = replace(value, learning_rate=_parsed(value.learning_rate, name, text, float))
    elif text == "none" and _may_be_missing(thing, first):
        value = None
    else:
        value = _parsed(value, name, text, _kind(thing, first))
    return replace(thing, **{first: value})  # type: ignore[type-var]


def _check_numbers(thing: Any, within: str = "") -> None:
    """Raise InvalidRun for a number out of its bounds. An optimizer looks at its own."""
    for name, value in _settings(thing).items():
        path = within + name
        if is_dataclass(value) and name not in INSIDE:
            _check_numbers(value, f"{path}.")
        elif value is None and not _may_be_missing(thing, name):
            raise InvalidRun(f"{path} must be set, and is None.")
        elif isinstance(value, int | float):
            least, most = LEAST.get(path, 0), MOST.get(path, math.inf)
            wanted = f"{least} or more" if most == math.inf else f"from {least} to {most}"
            is_right = least <= value <= most and value < math.inf
            if path == "learning_rate":
                wanted, is_right = "above 0", is_right and value > 0
            if not is_right:
                raise InvalidRun(f"{path} must be {wanted}, not {value}.")


def _settings(thing: Any) -> dict[str, Any]:
    named = fields(thing) if is_dataclass(thing) else ()
    return {f.name: getattr(thing, f.name) for f in named if f.name not in NOT_SETTINGS}


def _may_be_missing(thing: Any, name: str) -> bool:
    return any(f.name == name and "None" in str(f.type) for f in fields(thing))


def _names(thing: Any) -> list[str]:
    settings = _settings(thing)
    inside = [name for part in INSIDE if part in settings for name in _settings(settings[part])]
    return sorted({*settings, *inside} - {*INSIDE})


def _kind(thing: Any, name: str) -> type:
    """Of the setting: what it would be, if it is None."""
    said = next(str(field.type) for field in fields(thing) if field.name == name)
    value = getattr(thing, name)
    known = (kind for kind in READ if value is None and kind.__name__ in said.split(" | "))
    return next(known, type(value))


def _parsed(value: Any, name: str, text: str, kind: type) -> Any:
    """The text as a value of that kind."""
    if kind not in READ:
        raise InvalidRun(f"{name} is {value}, which no word can set. Write a recipe of your own.")
    read, wanted = READ[kind]
    try:
        return read(text)
    except (KeyError, ValueError):
        raise InvalidRun(f"{name} must be {wanted}, not {text!r}.") from None
