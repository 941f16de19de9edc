"""What several looks at one picture say together."""

from inkdigits import Reading
from inkdigits.recognition.looks import agreed, likeliest
from pieces import opinion


def said(text: str, confidence: float = 0.9, sure: bool = True) -> Reading:
    digits = tuple(opinion(int(value)) for value in text if value.isdigit())
    return Reading(text, confidence, sure, digits)


def test_looks_agree_if_all_are_sure_of_the_same_digits() -> None:
    first = said("3.14")
    assert agreed([first, said("3,14"), said("314")]) is first  # which mark it is does not count


def test_looks_do_not_agree_if_one_is_not_sure_or_says_something_else_or_nothing() -> None:
    for other in [said("314", sure=False), said("374"), None]:
        assert agreed([said("314"), said("314"), other]) is None


def test_looks_at_a_single_digit_say_no_more_than_one() -> None:
    assert agreed([said("3")] * 3) is None


def test_the_likeliest_is_what_is_most_confident_in_all() -> None:
    readings = [said("18", 0.5), said("98", 0.3), said("98", 0.4)]
    assert likeliest(readings) is readings[1]
    assert likeliest(readings[:2]) is readings[0]
