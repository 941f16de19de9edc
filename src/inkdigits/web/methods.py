"""Which methods there are at an address: Starlette's 405 names those of one of its routes alone."""

from starlette.requests import Request
from starlette.routing import Match, Route


def methods_at(request: Request) -> str:
    """As the header Allow has them."""
    methods = set[str]()
    for route in request.app.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] != Match.NONE:
            methods |= route.methods or set()
    return ", ".join(sorted(methods))
