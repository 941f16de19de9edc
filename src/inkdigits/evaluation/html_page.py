"""HTML files that need nothing else: style and pictures are in them."""

from __future__ import annotations

import base64
from html import escape

STYLE = """
:root { color-scheme: light; font: 16px/1.5 system-ui, sans-serif; color: #1c2733; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { margin-top: 2.5rem; font-size: 1.2rem; }
.lead { color: #52606d; margin-top: .25rem; }
.big { font-size: 2.6rem; font-weight: 650; color: #1f5fbf; }
table { border-collapse: collapse; } td, th { padding: .2rem .9rem .2rem 0; text-align: right; }
th { font-weight: 600; color: #52606d; border-bottom: 1px solid #d5dbe1; }
.pair { display: flex; flex-wrap: wrap; gap: 2rem; align-items: flex-start; }
.pair img { max-width: 100%; }
.gallery { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
figure { margin: 0; } figure img { width: 4.4rem; height: 4.4rem; object-fit: contain;
  border: 1px solid #d5dbe1; image-rendering: pixelated; background: #fff; }
figcaption { font-size: .8rem; overflow-wrap: anywhere; } figcaption b { font-size: 1rem; }
"""


def document(title: str, body: str) -> str:
    """A whole page; `title` is plain text, `body` is HTML."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def image(png: bytes, alt: str) -> str:
    """A PNG as an element that holds it."""
    return f'<img alt="{escape(alt)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
