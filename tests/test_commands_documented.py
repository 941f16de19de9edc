"""docs/commands.md has every command and option, and the README's command lines are real ones."""

import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import write_commands
from inkdigits.cli import app

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "commands.md"
FENCED = re.compile(r"^```.*?\n(.*?)^```", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"^    (?=\S)(.*)", re.MULTILINE)
IN_A_SENTENCE = re.compile(r"(?<!`)`(?!`)([^`]+)`")
CALL = re.compile(r"(?:^|\s-m |[|;&$#>] *)inkdigits +([^|;&\n]+)", re.MULTILINE)


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """It and all below it, by what somebody types."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            child = command.get_command(context, below)
            assert child is not None
            yield from commands(child, f"{name} {below}")


COMMANDS = dict(commands(app, "inkdigits"))


@pytest.mark.parametrize("name", [n for n, c in COMMANDS.items() if isinstance(c, click.Group)])
def test_what_a_group_lists_of_its_commands_is_whole_sentences(name: str) -> None:
    listed = CliRunner().invoke(app, [*name.split()[1:], "--help"]).output.split("Commands:\n")[1]
    assert all(line.endswith(".") and "..." not in line for line in listed.splitlines())


def section(name: str) -> str:
    """What the page says of a command."""
    sections = re.split(r"^## (.*)\n", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(sections[1::2], sections[2::2], strict=True))[name]


def words(text: str) -> str:
    """Text without what makes it Markdown, in one line."""
    return " ".join(re.sub(r"[`\\]", "", text).split())


def calls(text: str) -> list[str]:
    """The arguments of each call of inkdigits in some lines of code."""
    return [call.strip() for call in CALL.findall(text)]


def calls_in_blocks(markdown: str) -> list[str]:
    blocks = FENCED.findall(markdown) + INDENTED.findall(FENCED.sub("", markdown))
    return [call for block in blocks for call in calls(block)]


def calls_in_sentences(markdown: str) -> list[str]:
    spans = IN_A_SENTENCE.findall(FENCED.sub("", markdown))
    return [call for span in spans for call in calls(" ".join(span.split()))]


README = (ROOT / "README.md").read_text("utf-8")


def parse(
    arguments: Sequence[str], command: click.Command = app, above: click.Context | None = None
) -> None:
    """Read a command line as inkdigits does, and run nothing.

    Raises:
        click.UsageError: there is no such command or option, or something is missing.
    """
    if not isinstance(command, click.Group):
        with suppress(click.exceptions.Exit):  # of --help, which ends the program
            command.make_context(command.name, list(arguments), above)
        return
    context = click.Context(command, above, **command.context_settings)
    _, rest, _ = command.make_parser(context).parse_args(list(arguments))
    if rest:
        _, found, rest = command.resolve_command(context, rest)
        assert found is not None
        parse(rest, found, context)


def test_the_page_is_what_the_commands_say_today() -> None:
    assert PAGE.read_text("utf-8") == write_commands.reference(), "make docs writes it anew"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_on_the_page_with_what_it_does(name: str) -> None:
    said = words(COMMANDS[name].help or "")
    assert said
    assert said in words(section(name))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_is_on_the_page(name: str) -> None:
    rows = re.findall(r"^\| `(.*?)` \| (.+) \|$", section(name), re.MULTILINE)
    typed = {word for names, _ in rows for word in re.split(r",? ", names)}
    for parameter in COMMANDS[name].params:
        if isinstance(parameter, click.Argument):
            assert parameter.human_readable_name in [names for names, _ in rows]
        else:
            assert {*parameter.opts, *parameter.secondary_opts} <= typed


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is_for(name: str) -> None:
    options = [one for one in COMMANDS[name].params if isinstance(one, click.Option)]
    assert [one.name for one in options if not one.help] == []


@pytest.mark.parametrize("call", calls_in_blocks(README))
def test_a_command_line_in_the_readme_is_one_that_inkdigits_takes(call: str) -> None:
    parse(shlex.split(call, comments=True))


@pytest.mark.parametrize("call", calls_in_sentences(README))
def test_a_command_in_a_sentence_of_the_readme_has_options_that_exist(call: str) -> None:
    with suppress(click.MissingParameter):  # it may speak of one option and leave the rest out
        parse(shlex.split(call))


def test_the_readme_has_command_lines_to_look_at() -> None:
    assert len(calls_in_blocks(README)) > 10
    assert len(calls_in_sentences(README)) > 5


def test_command_lines_are_found_wherever_they_stand() -> None:
    markdown = """
Type `inkdigits runs`, or `torchrun -m inkdigits train
cnn`, with `inkdigits` alone and `inkdigits.scratch` left out:

    inkdigits read a.png    # a comment about inkdigits
    cat a.png | inkdigits read --json -
    pip install inkdigits && inkdigits serve

```python
from inkdigits import Reader  # inkdigits serve --model mine.onnx
```
"""
    assert calls_in_sentences(markdown) == ["runs", "train cnn"]
    assert [shlex.split(call, comments=True) for call in calls_in_blocks(markdown)] == [
        ["serve", "--model", "mine.onnx"],
        ["read", "a.png"],
        ["read", "--json", "-"],
        ["serve"],
    ]


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        ("raed seven.png", "No such command 'raed'"),
        ("--versoin", "No such option.*--versoin"),
        ("read seven.png --jsn", "No such option.*--jsn"),
        ("serve --port many", "'many' is not a valid integer"),
        ("kaggle test.csv", "Missing parameter: out"),
    ],
)
def test_a_command_line_that_inkdigits_does_not_take_is_noticed(call: str, complaint: str) -> None:
    with pytest.raises(click.UsageError, match=complaint):
        parse(shlex.split(call))
