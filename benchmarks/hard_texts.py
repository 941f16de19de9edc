"""What is written in the pictures of `hard_pictures.py`: sums and prices, letters and words."""

from __future__ import annotations

import numpy as np

Rng = np.random.Generator

LETTERS = "ACEFHKLMNPRUVWXacdefhkmnpruvwx"
"""None that somebody could take for a digit: no O, l, S, Z, b, g, q, D, G, T, y, ..."""

WORDS = (
    "and,apple,autumn,bread,bicycle,Berlin,black,camera,candle,cheese,Danke,dinner,dream,engine,"
    "every,family,flower,friend,garden,ghost,Grüße,hammer,hello,holiday,house,ink,Januar,jelly,"
    "kitchen,knife,ladder,lemon,letter,Madrid,milk,monkey,mother,narrow,never,October,open,orange,"
    "paper,pencil,people,pizza,question,quick,rabbit,river,school,seven,silver,sugar,Sunday,table,"
    "teacher,thanks,the,umbrella,under,village,voice,water,window,winter,xylophone,yellow,you,zebra"
)
"""With commas between them."""

TIMES = "\N{MULTIPLICATION SIGN}"


def number(rng: Rng, least: int, most: int) -> str:
    """A number of so many digits that starts with no 0."""
    digits = rng.integers(0, 10, int(rng.integers(least, most + 1)))
    digits[0] = rng.integers(1, 10)
    return "".join(map(str, digits))


def amount_with_marks(rng: Rng) -> str:
    """2 to 8 digits with the marks of a price, a date, a time, a sum, ...; no spaces."""
    kinds = [_decimal, _thousands, _price, _date, _time, _sum, _sum, _product, _signed, _phone]
    return str(kinds[int(rng.integers(len(kinds)))](rng))


def word(rng: Rng) -> str:
    """3 to 9 letters, sometimes in capitals."""
    chosen = str(rng.choice(WORDS.split(",")))
    return chosen.upper() if rng.random() < 0.1 and chosen.isascii() else chosen


def _decimal(rng: Rng) -> str:
    return number(rng, 1, 4) + str(rng.choice([".", ","])) + _digits(rng, int(rng.integers(1, 4)))


def _thousands(rng: Rng) -> str:
    groups = [number(rng, 1, 3 if rng.random() < 0.6 else 2)]
    groups += [_digits(rng, 3) for _ in range(1 if rng.random() < 0.7 or len(groups[0]) > 2 else 2)]
    return str(rng.choice([".", ","])).join(groups)


def _price(rng: Rng) -> str:
    whole = number(rng, 2, 3) if rng.random() < 0.5 else f"{number(rng, 1, 2)}.{_digits(rng, 3)}"
    return whole + str(rng.choice([",-", ".-"]))


def _date(rng: Rng) -> str:
    day, month = int(rng.integers(1, 32)), int(rng.integers(1, 13))
    parts = [str(day), str(month)]
    if rng.random() < 0.6:
        parts.append(str(int(rng.integers(1900, 2100))) if rng.random() < 0.5 else _digits(rng, 2))
    return str(rng.choice(["/", ".", "-"])).join(parts)


def _time(rng: Rng) -> str:
    parts = [str(int(rng.integers(1, 24)))]
    parts += [f"{rng.integers(60):02d}" for _ in range(1 if rng.random() < 0.7 else 2)]
    return ":".join(parts)


def _sum(rng: Rng) -> str:
    one, other = sorted((int(number(rng, 1, 2)), int(number(rng, 1, 2))), reverse=True)
    plus = bool(rng.random() < 0.5)
    result = f"={one + other if plus else one - other}" if rng.random() < 0.6 else ""
    return f"{one}{'+' if plus else '-'}{other}{result}"


def _product(rng: Rng) -> str:
    one, other = int(rng.integers(2, 13)), int(rng.integers(2, 13))
    full = bool(rng.random() < 0.6)
    if rng.random() < 0.5:
        return f"{one}{TIMES}{other}" + (f"={one * other}" if full else "")
    return f"{one * other}÷{other}" + (f"={one}" if full else "")


def _signed(rng: Rng) -> str:
    return str(rng.choice(["-", "+"])) + number(rng, 2, 5)


def _phone(rng: Rng) -> str:
    return f"0{number(rng, 2, 3)}{rng.choice(['/', '-'])}{number(rng, 3, 4)}"


def _digits(rng: Rng, count: int) -> str:
    return "".join(map(str, rng.integers(0, 10, count)))
