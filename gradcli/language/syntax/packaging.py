"""The build step of the wheel: the grammar goes into it, and the tables made from it.

Setuptools loads this file by its path, before the package can be imported.
"""

from __future__ import annotations

import importlib.util
import os
import shutil

TYPE_CHECKING = False
if TYPE_CHECKING:

    class build_py:
        """What is used of setuptools' command, which has no types."""

        build_lib: str
        editable_mode: bool

        def run(self) -> None: ...
        def mkpath(self, name: str) -> None: ...
        def get_outputs(self, include_bytecode: bool = True) -> list[str]: ...
        def get_source_files(self) -> list[str]: ...
else:
    from setuptools.command.build_py import build_py

GRAMMAR = os.path.join("grammar", "grad.lark")


class BuildPy(build_py):
    """`build_py` that adds `gradcli/grammar/grad.lark` and `gradcli/language/syntax/grad.tables`.

    An editable install needs neither: there the grammar is found in the checkout, and the first
    use writes the tables.
    """

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        grammar, tables = self._added()
        self.mkpath(os.path.dirname(grammar))
        shutil.copyfile(GRAMMAR, grammar)
        path = os.path.join("gradcli", "language", "syntax", "grammar_tables.py")
        spec = importlib.util.spec_from_file_location("_gradcli_tables", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if not module.write(module.build(module.read_grammar()), tables):
            raise OSError(f"cannot write {tables}")

    def _added(self) -> list[str]:
        return [
            os.path.join(self.build_lib, "gradcli", "grammar", "grad.lark"),
            os.path.join(self.build_lib, "gradcli", "language", "syntax", "grad.tables"),
        ]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        outputs = super().get_outputs(include_bytecode)
        return outputs if self.editable_mode else outputs + self._added()

    def get_source_files(self) -> list[str]:
        """What a source distribution takes along."""
        return [*super().get_source_files(), GRAMMAR]
