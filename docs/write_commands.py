"""Write docs/commands.md, the reference of the command line: python docs/write_commands.py"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import click

from inkdigits.cli import app

PAGE = Path(__file__).with_name("commands.md")
HEADER = """\
# The command line

What `inkdigits COMMAND --help` prints, of every command. `make docs` writes this page from the
commands themselves, so change their texts in [`cli/`](../src/inkdigits/cli), not here.
"""
WIDTH = 100


def reference() -> str:
    """The whole page, as Markdown."""
    top = click.Context(app, info_name="inkdigits", **app.context_settings)
    return "\n".join([HEADER, *(_section(context) for context in _contexts(top))])


def _contexts(context: click.Context) -> Iterator[click.Context]:
    """One for the command itself and for each below it, in the order of the alphabet."""
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            settings = command.context_settings
            yield from _contexts(click.Context(command, context, name, **settings))


def _section(context: click.Context) -> str:
    command = context.command
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    parts = [f"## {context.command_path}", f"    {usage}", *_paragraphs(command.help or "")]
    if isinstance(command, click.Group):
        links = [f"[{name}](#{_anchor(context, name)})" for name in command.list_commands(context)]
        parts.append(_wrapped(f"Commands: {', '.join(links)}."))
    rows = [_row(parameter, context) for parameter in command.get_params(context)]
    parts.append("\n".join(["| argument or option | what it is |", "| --- | --- |", *rows]))
    return "\n\n".join(parts) + "\n"


def _anchor(context: click.Context, name: str) -> str:
    """Where GitHub puts a heading."""
    return f"{context.command_path} {name}".replace(" ", "-")


def _row(parameter: click.Parameter, context: click.Context) -> str:
    if isinstance(parameter, click.Argument):
        facts = parameter.to_info_dict()
        by_default = "optional" if facts["default"] is None else f"default: {facts['default']}"
        name = parameter.human_readable_name
        text = f"{facts.get('help') or ''} [{'required' if parameter.required else by_default}]"
    else:
        record = parameter.get_help_record(context)
        assert record is not None, f"{parameter.name} is hidden"
        name, text = record
    name = name.replace("|", r"\|")  # a table's cell ends at a bar, also at one in a code span
    return f"| `{name}` | {_markdown(text)} |"


def _paragraphs(text: str) -> list[str]:
    paragraphs = re.split(r"\n\s*\n", inspect.cleandoc(text)) if text else []
    return [_wrapped(_markdown(paragraph)) for paragraph in paragraphs]


def _markdown(text: str) -> str:
    """Plain text as Markdown, options as code: elsewhere two dashes may be drawn as one."""
    text = re.sub(r"[\\*|]|<(?=[A-Za-z/!?])", r"\\\g<0>", " ".join(text.split()))
    code = r"`[^`]+`|(?<![\w-])--?[a-z][\w-]*|(?<!\S)-(?!\S)"
    return re.sub(code, lambda found: f"`{found[0].strip('`')}`", text)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8", newline="\n")
