"""The site, bundled once, with what npm's registry has for it."""

from pathlib import Path

import pytest

from inkdigits.deploy.runtime import NoRuntime
from inkdigits.deploy.site import bundle_site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled site's folder, hardly packed, which is quick."""
    folder = tmp_path_factory.mktemp("host") / "some" / "where"
    try:
        bundle_site(folder, preset=0)
    except NoRuntime as error:
        pytest.skip(f"npm's registry cannot be reached: {error}")
    return folder
