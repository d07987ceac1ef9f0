"""Files to hand in, and what is found of them."""

from __future__ import annotations

import zipfile

import pytest

from labs.errors import UserError
from labs.grading.submissions.find import find_entries

NOTEBOOK = b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'


def names(*paths):
    return [(entry.submission, entry.learner) for entry in find_entries(paths)]


def refusal(path):
    (entry,) = find_entries([path])
    with pytest.raises(UserError) as error:
        entry.read()
    return str(error.value)


def put(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(NOTEBOOK)
    return folder


def archive(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path
