"""Modules stay small, and say at their top what they import."""

import ast
from pathlib import Path

from tests.repo.conftest import ROOT, modules

MOST_LINES = 300


def test_no_module_is_over_300_lines() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}

    too_long = {str(path.relative_to(ROOT)): n for path, n in lengths.items() if n > MOST_LINES}

    assert too_long == {}


def test_no_import_hides_in_a_function(trees: dict[Path, ast.Module]) -> None:
    hidden = [
        f"{path.relative_to(ROOT)}:{inner.lineno}"
        for path, tree in trees.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(function)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]

    assert hidden == []
