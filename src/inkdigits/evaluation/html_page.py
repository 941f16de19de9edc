"""HTML files that need nothing else: style and pictures are in them."""

from __future__ import annotations

import base64

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


def render(template: str, **values: object) -> str:
    """A page from templates/; whatever is not Markup is plain text, and is escaped."""
    environment = Environment(
        loader=PackageLoader("inkdigits.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters |= {"as": format, "image": _image}
    return environment.get_template(template).render(values)


def _image(png: bytes, alt: str) -> Markup:
    """A PNG as an element that holds it."""
    element = Markup('<img alt="{}" src="data:image/png;base64,{}">')
    return element.format(alt, base64.b64encode(png).decode())
