"""docs/licences.md says what the packages that are installed say."""

import write_licences


def test_the_page_names_each_package_of_the_core_with_its_licence() -> None:
    assert write_licences.table("") in write_licences.PAGE.read_text("utf-8"), "make docs"


def test_each_package_has_a_licence() -> None:
    for name in write_licences.packages(""):
        assert write_licences.licence_of(name), name
