"""Archives that are handed in: read like folders, and harmless when they are not what they seem."""

from __future__ import annotations

import stat
import zipfile

import pytest

from labs.errors import UserError
from labs.grading.submissions.find import find_entries

from .conftest import NOTEBOOK, archive, names, refusal


def test_an_archive_is_read_like_a_folder(tmp_path):
    archive(tmp_path / "week.zip", {"ada/08_caching.ipynb": NOTEBOOK, "bob.ipynb": NOTEBOOK, "readme.txt": b"x"})
    assert [learner for _, learner in names(tmp_path / "week.zip")] == ["ada", "bob"]
    assert next(iter(find_entries([tmp_path / "week.zip"]))).read() == NOTEBOOK


def test_an_archive_with_the_separators_of_windows(tmp_path):
    archive(tmp_path / "week.zip", {"ada\\08_caching.ipynb": NOTEBOOK})
    assert names(tmp_path / "week.zip") == [("ada-08_caching", "ada")]


def test_an_archive_in_a_folder_is_its_learners(tmp_path):
    archive(tmp_path / "ada.zip", {"08_caching.ipynb": NOTEBOOK})
    assert names(tmp_path) == [("ada-08_caching", "ada")]


def test_damaged_archives(tmp_path):
    (tmp_path / "ada.zip").write_bytes(b"PK\x03\x04 and nothing more")
    assert refusal(tmp_path) == "It is not a zip archive that can be read: was it sent whole?"
    whole = archive(tmp_path / "whole.zip", {"ada.ipynb": NOTEBOOK * 100}).read_bytes()
    (tmp_path / "whole.zip").write_bytes(whole[:40] + b"\0" * 20 + whole[60:])
    assert "damaged" in refusal(tmp_path / "whole.zip")


def test_an_archive_without_a_notebook(tmp_path):
    assert refusal(archive(tmp_path / "ada.zip", {"essay.txt": b"x"})) == "There is no notebook in this archive."


def test_bombs(tmp_path):
    bomb = archive(tmp_path / "ada.zip", {"ada.ipynb": b"0" * 50_000_000})
    assert refusal(bomb).startswith("It is larger than 100 MB, or packed too tightly")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_of_packing_that_unpack_without_a_limit(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "ada.zip", "w", method) as packed:
        packed.writestr("ada.ipynb", NOTEBOOK)
    assert refusal(tmp_path / "ada.zip").startswith("It is packed in an unusual way")


def test_a_member_without_a_name(tmp_path):
    data = archive(tmp_path / "ada.zip", {"x": b"", "ada.ipynb": NOTEBOOK}).read_bytes()
    (tmp_path / "ada.zip").write_bytes(data.replace(b"x", b"\0"))
    assert names(tmp_path / "ada.zip") == [("ada", "ada")]


def test_an_archive_that_lies_about_its_sizes(tmp_path):
    data = bytearray(archive(tmp_path / "ada.zip", {"ada.ipynb": b"0" * 50_000_000}).read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(signature) + offset
        data[at : at + 4] = (1000).to_bytes(4, "little")
    (tmp_path / "ada.zip").write_bytes(data)
    (entry,) = find_entries([tmp_path / "ada.zip"])
    try:
        content = entry.read()
    except UserError:
        return
    assert len(content) <= 100 * 1024 * 1024


def test_links_and_ways_out_in_an_archive(tmp_path):
    link = zipfile.ZipInfo("link.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as packed:
        packed.writestr(link, "/etc/passwd")
        packed.writestr("../../up.ipynb", NOTEBOOK)
        packed.writestr("/root.ipynb", NOTEBOOK)
    for entry in find_entries([tmp_path / "ada.zip"]):
        with pytest.raises(UserError, match="symbolic link|leads out of it"):
            entry.read()
        assert "/" not in entry.submission


def test_too_many_members(tmp_path, monkeypatch):
    monkeypatch.setattr("labs.grading.submissions.archives.MAX_MEMBERS", 10)
    full = archive(tmp_path / "ada.zip", {f"{number}.ipynb": NOTEBOOK for number in range(11)})
    assert refusal(full) == "The archive has more than 10 members."
