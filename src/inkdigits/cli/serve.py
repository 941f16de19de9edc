"""inkdigits serve: the page and its HTTP API."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

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
    "--root-path",
    default="",
    metavar="PATH",
    help="Below which a proxy has the page, such as /ink; it passes addresses on without.",
)
@click.option(
    "--trust-proxy",
    "trust_proxies",
    metavar="ADDRESS",
    multiple=True,
    help="A proxy, or a network of them such as 10.0.0.0/8, that says who asks "
    "(X-Forwarded-For, X-Forwarded-Proto); may be repeated.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="json: an object a line, and a line for each request.",
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
    root_path: str,
    trust_proxies: tuple[str, ...],
    log_format: Literal["text", "json"],
    corrections: bool,
) -> None:
    """Serve the page and its HTTP API.

    It ends on SIGTERM or Ctrl-C, once what is under way is answered, after 5 seconds at most.
    /metrics has counts for Prometheus, of all workers together. docs/deployment.md says how to run
    it behind a proxy, in a container or as a service.
    """
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
                root_path=root_path,
                trust_proxies=trust_proxies,
                log_format=log_format,
                corrections=corrections,
            )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
