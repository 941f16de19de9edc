"""inkdigits bundle: what runs elsewhere, ready to be put there."""

from __future__ import annotations

from pathlib import Path

import click

from inkdigits.cli.app import app
from inkdigits.cli.options import model_option


@app.group()
def bundle() -> None:
    """Put together what runs elsewhere."""


@bundle.command()
@click.argument("out", type=click.Path(path_type=Path))
@model_option
@click.option(
    "--runtime",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder with the packages' tarballs.  [default: they are fetched from npm's registry]",
)
def site(out: Path, model: Path | None, runtime: Path | None) -> None:
    """Write the page as a static site into the folder OUT.

    It needs no server: pictures are read by the browser that shows it, and sent nowhere. Any
    static host will do, at any address; after the first visit it works without a network. What
    runs the model files in the browser, onnxruntime-web and xz-decompress, is fetched from npm's
    registry, in versions whose checksums are known here.
    """
    from inkdigits.deploy.site import bundle_site

    sizes = bundle_site(out, model=model, runtime=runtime)
    print(f"{len(sizes)} files, {sum(sizes.values()) / 1e6:.1f} MB, written to {out}")
    print(f"To look at it: python -m http.server --directory {out}")
