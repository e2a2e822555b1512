"""Loaded by each Python process of a platform that runs with a fault built in: applies the mutant once the module that it changes is imported."""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Sequence
from types import ModuleType

CHANGED = {"positions_first": "focusflow.lake.tables"}


class Applied(importlib.abc.MetaPathFinder):
    """Finds the module as usual, and has the mutant change it when it was executed."""

    def __init__(self, module: str, mutant: str) -> None:
        self.module, self.mutant = module, mutant

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self.module:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            importlib.import_module(self.mutant).change(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if mutant := os.environ.get("FOCUSFLOW_MUTANT"):
    sys.meta_path.insert(0, Applied(CHANGED[mutant], mutant))
