"""inkdigits serve: the page and its HTTP API."""

from __future__ import annotations

from pathlib import Path

import click

from inkdigits.cli.app import app
from inkdigits.cli.options import extra, model_option


@app.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on; 0 for any that is free.",
)
@model_option
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes that answer.",
)
@click.option(
    "--allow-origin",
    "allow_origins",
    metavar="ORIGIN",
    multiple=True,
    help="A site whose pages may use the API, such as https://example.org; may be repeated.",
)
@click.option(
    "--allow-frame",
    "allow_frames",
    metavar="ORIGIN",
    multiple=True,
    help="A site whose pages may show the page in a frame of theirs; may be repeated.",
)
@click.option(
    "--corrections",
    is_flag=True,
    help="Keep what visitors say of readings; see docs/corrections.md.",
)
def serve(
    host: str,
    port: int,
    model: Path | None,
    workers: int,
    allow_origins: tuple[str, ...],
    allow_frames: tuple[str, ...],
    corrections: bool,
) -> None:
    """Serve the page and its HTTP API."""
    with extra("web"):
        from inkdigits.web.server import run
    try:
        with extra("corrections"):
            run(
                host=host,
                port=port,
                model=model,
                workers=workers,
                allow_origins=allow_origins,
                allow_frames=allow_frames,
                corrections=corrections,
            )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
