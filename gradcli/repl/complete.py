from __future__ import annotations

from prompt_toolkit.completion import Completer


class GradCompleter(Completer):
    def __init__(self, shell):
        self.shell = shell

    def get_completions(self, document, event):
        return []
