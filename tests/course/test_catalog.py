"""Finding labs: one sentence for each name that leads to none."""

from __future__ import annotations

import pytest

from labs.course.catalog import find_pattern
from labs.errors import UserError


def test_a_folder_that_is_no_lab_yet(four_labs, tmp_path):
    (tmp_path / "retry").mkdir()
    with pytest.raises(
        UserError, match=r"There is no .*retry.lesson\.md: a lab is a folder with lesson\.md, checks/ and"
    ):
        find_pattern("retry")


def test_a_name_that_no_import_can_say(four_labs, tmp_path):
    (tmp_path / "orm").rename(tmp_path / "the-orm")
    with pytest.raises(UserError, match=r"the-orm can't be a lab's folder: name it the_orm\.$"):
        find_pattern("the-orm")
