"""inkdigits bundle: what runs elsewhere, ready to be put there."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click

from inkdigits.cli.app import app
from inkdigits.cli.followed import say
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
@click.option(
    "--address",
    metavar="URL",
    help="Where it will be, such as https://example.org/ink/: shared links then show its picture.",
)
def site(out: Path, model: Path | None, runtime: Path | None, address: str | None) -> None:
    """Write the page as a static site into the folder OUT.

    OUT is empty, or holds a former one.

    It needs no server: pictures are read by the browser that shows it, and sent nowhere. Any
    static host will do, at any address; after the first visit it works without a network. What
    runs the model files in the browser, onnxruntime-web and xz-decompress, is fetched from npm's
    registry, in versions whose checksums are known here.
    """
    from inkdigits.deploy.site import bundle_site

    say("fetching what runs the model files in a browser, and packing it")
    sizes = bundle_site(out, model=model, runtime=runtime, address=address)
    print(f"{len(sizes)} files, {sum(sizes.values()) / 1e6:.1f} MB, written to {out}")
    print(f"To look at it: python -m http.server --directory {shlex.quote(os.fspath(out))}")


@bundle.command()
@click.argument("out", type=click.Path(path_type=Path))
@model_option
def npm(out: Path, model: Path | None) -> None:
    """Write what reads in browsers as an npm package into the folder OUT.

    OUT is empty, or holds a former one.

    It reads with onnxruntime-node or onnxruntime-web, which its users install, and has the model
    files. npm pack makes a tarball of it, and npm publish publishes it.
    """
    from inkdigits.deploy.npm import bundle_npm

    sizes = bundle_npm(out, model=model)
    print(f"{len(sizes)} files, {sum(sizes.values()) / 1e6:.1f} MB, written to {out}")
    # Without a dot or a slash before it npm would ask its registry for a package of that name.
    folder = out if out.is_absolute() else f".{os.sep}{out}"
    print(f"To use it: npm install {shlex.quote(os.fspath(folder))} onnxruntime-node")


@bundle.command("lambda")
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--arch",
    type=click.Choice(["arm64", "x86_64"]),
    default="arm64",
    show_default=True,
    help="The processor that the function runs on.",
)
@click.option(
    "--python",
    type=click.Choice(["3.12", "3.13", "3.14"]),
    default="3.13",
    show_default=True,
    help="The Python that it runs on.",
)
@model_option
def lambda_(out: Path, arch: str, python: str, model: Path | None) -> None:
    """Write the HTTP API for AWS Lambda into the file OUT.

    OUT is such as function.zip. What the function runs on is fetched by pip, for that processor
    and Python, in versions whose checksums are known here; HEIC photos and PDFs are read, too.
    Beside OUT a template.yaml for the AWS SAM
    command line is written, with a function URL and an HTTP API, unless there is one.
    """
    from inkdigits.deploy.lambda_zip import bundle_lambda, write_template

    say("fetching what the function runs on, and packing it")
    sizes = bundle_lambda(out, arch=arch, python=python, model=model)
    unpacked = sum(sizes.values()) / 1e6
    print(f"{out.stat().st_size / 1e6:.1f} MB, unpacked {unpacked:.1f} MB, written to {out}")
    if not any(name.endswith(".pyc") for name in sizes):
        print(
            f"There is no Python {python} here, so there is no bytecode in it: each start of the "
            "function takes about a second longer."
        )
    template = out.with_name("template.yaml")
    if write_template(out, arch, python):
        print(
            f"{template} is another one and was kept. It has to say: Runtime: python{python}, "
            f"Architectures: [{arch}], CodeUri: {out.name}"
        )
    print(f"To put it there: sam deploy --guided --template-file {template}")
