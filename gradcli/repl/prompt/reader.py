"""The prompt: reading, editing and colouring of input, keys, the toolbar."""

from __future__ import annotations

import asyncio
import signal
import sys
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from prompt_toolkit.application import get_app
from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.completion import Completer
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition, has_completions, has_selection, is_done
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.key_binding.key_processor import KeyPress, KeyProcessor
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout.processors import (
    ConditionalProcessor,
    HighlightMatchingBracketProcessor,
    Processor,
    TabsProcessor,
    Transformation,
    TransformationInput,
)
from prompt_toolkit.shortcuts import PromptSession
from prompt_toolkit.styles import DynamicStyle

from gradcli.repl.files.config import Config
from gradcli.repl.session import cells

from . import highlight, typeahead

if TYPE_CHECKING:
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.document import Document

    from gradcli.repl.files.history import FileHistory
    from gradcli.repl.session.shell import Shell

    from .live import Live

INDENT = 4
TYPED_AHEAD = 4  # characters that a fast typist has pressed behind Enter when it is handled
LOOKED_AT = 2000  # inputs of the history that suggestions come from
PREVIEW = 0.015  # seconds without a key after which a value is computed that is shown dimmed
LEAST = 8  # columns that a preview is worth
ESCAPES = 0.1  # seconds within which what follows Escape is part of its key, such as an arrow
DRAFT = 0.7  # seconds after which what stands at the prompt is written to the journal


class Suggest(AutoSuggest):
    """Suggests the newest input of the history that begins with what was typed."""

    def get_suggestion(self, buffer: Buffer, document: Document) -> Suggestion | None:
        """The rest of that input."""
        text = document.text
        if not text.strip() or "\n" in text:
            return None
        strings = buffer.history.get_strings()
        for line in reversed(strings[-LOOKED_AT:]):
            if line.startswith(text) and len(line) > len(text):
                rest = line[len(text) :].partition("\n")[0]
                return Suggestion(rest) if rest else None
        return None


class Preview(Processor):
    """Shows what the input will give behind its end, as a comment; it is no part of the input."""

    def __init__(self, prompt: Prompt) -> None:
        self.prompt = prompt

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """The line with the preview."""
        fragments = transformation_input.fragments
        document = transformation_input.document
        is_last = transformation_input.lineno == document.line_count - 1
        text, shown = self.prompt.previewed
        alone = self.prompt.session.default_buffer.suggestion is None
        if is_last and alone and shown and text == document.text and document.is_cursor_at_the_end:
            return Transformation([*fragments, ("class:preview", f"  # {shown}")])
        return Transformation(fragments)


class Prompt:
    """Asks for inputs. `shell` gives the session once it is loaded, None before."""

    def __init__(
        self,
        config: Config,
        history: FileHistory,
        shell: Callable[[], Shell | None],
        *,
        coloured: bool,
        draft: Callable[[str], None],
        completer: Completer | None = None,
        toolbar: Callable[[str, int], StyleAndTextTuples] | None = None,
    ) -> None:
        self.config = config
        self.history = history
        self.shell = shell
        self.draft = draft
        self.toolbar = toolbar
        self.pending: Any = None
        self.previewed = ("", "")  # an input, and what it will give
        self.live: Live | None = None
        self.planned: Any = None
        self.default = ""
        self.whole = ""  # a text that came from a file, the editor or the history: Enter runs it
        self.pasted = False  # whether a magic in the input was pasted or loaded, not typed
        self.together = False  # whether the input arrives with an earlier one: a paste, unmarked
        self.behind = 0  # characters that came with the last input's Enter or before it was handled
        self.unmarked = False  # whether whole lines of the input came together
        self.style = highlight.style(config.theme, coloured)
        self.session: PromptSession[str] = PromptSession(
            message=self._message,
            multiline=True,
            prompt_continuation=self._continuation,
            lexer=highlight.GradLexer(self._is_builtin, lambda: shell() is not None),
            history=history,
            auto_suggest=Suggest() if coloured and config.theme != "none" else None,
            input_processors=[
                ConditionalProcessor(TabsProcessor(INDENT, " ", " "), Condition(self._has_tabs)),
                ConditionalProcessor(HighlightMatchingBracketProcessor(), ~is_done),
                ConditionalProcessor(Preview(self), ~is_done),
            ],
            completer=completer,
            complete_while_typing=False,
            enable_history_search=True,
            editing_mode=EditingMode.VI if config.keys == "vi" else EditingMode.EMACS,
            key_bindings=self._keys(),
            bottom_toolbar=self._toolbar if toolbar is not None else None,
            style=DynamicStyle(lambda: self.style),
            include_default_pygments_style=False,
            mouse_support=False,
            enable_open_in_editor=False,
            enable_suspend=True,
        )
        if hasattr(signal, "SIGWINCH"):  # the terminal says when its size changes
            self.session.app.terminal_size_polling_interval = None
        self.session.app.ttimeoutlen = ESCAPES
        self.session.default_buffer.on_text_changed += self._text_changed
        self.session.app.key_processor.before_key_press += self._take_in

    def ask(self) -> str:
        """The next input. Raises KeyboardInterrupt (Ctrl-C) and EOFError (Ctrl-D)."""
        default, self.default = self.default, ""
        self.pasted = "%" in default
        self.whole = default
        source = self.session.app.input
        many = self.behind > TYPED_AHEAD
        self.together = many or (self.together and typeahead.waiting(source) > 0)
        self.behind = 0
        self.unmarked = False
        try:
            text = self.session.prompt(default=default)
            self.behind = typeahead.waiting(source)
            return text
        finally:
            self.pending = None
            if self.planned is not None:
                self.planned.cancel()

    @property
    def typed(self) -> bool:
        """Whether the last input came from the keyboard: neither pasted nor with other lines.

        A paste into a terminal that marks none shows in what waits when Enter is handled: more
        than a typist can have pressed. The paste lasts until a prompt is drawn and nothing waits.
        """
        return not self.pasted and not self.together and self.behind <= TYPED_AHEAD

    def _has_tabs(self) -> bool:
        return "\t" in self.session.default_buffer.text

    def drop(self) -> None:
        """Forget the rest of a paste that is not read yet."""
        typeahead.forget(self.session.app.input, typeahead.QUIET)
        self.together, self.behind = False, 0

    def _is_builtin(self, name: str) -> bool:
        shell = self.shell()
        return shell is not None and shell.is_builtin(name)

    # ------------------------------------------------------------ what is shown

    def _label(self) -> tuple[str, str]:
        shell = self.shell()
        if shell is None:
            return "1", ""
        from gradcli.tensor.runtime import runtime

        return str(shell.number), "" if runtime.grad_enabled else " no_grad"

    def _message(self) -> StyleAndTextTuples:
        number, mode = self._label()
        return [
            ("class:prompt", "In ["),
            ("class:prompt.number", number),
            ("class:prompt", "]"),
            ("class:prompt.mode", mode),
            ("class:prompt", ": "),
        ]

    def _continuation(self, width: int, number: int, wrapped: int) -> StyleAndTextTuples:
        if wrapped:
            return [("", " " * width)]
        return [("class:continuation", "...: ".rjust(width))]

    def _toolbar(self) -> StyleAndTextTuples:
        assert self.toolbar is not None
        app = get_app()
        document = self.session.default_buffer.document
        text = document.text[: document.cursor_position]
        mode = self._vi_mode()
        rest = self.toolbar(text, app.output.get_size().columns - len(mode))
        return [("class:toolbar.mode", mode), *rest] if mode else rest

    def _vi_mode(self) -> str:
        """What the keys do, where they are those of vi: " insert"."""
        app = self.session.app
        if app.editing_mode is not EditingMode.VI:
            return ""
        return f" {app.vi_state.input_mode.value.removeprefix('vi-')}"

    # ------------------------------------------------------------ history

    def _take_in(self, _: KeyProcessor) -> None:
        """Put what other sessions ran since above the input, where Up and a search find it."""
        buffer = self.session.default_buffer
        loading, lines = buffer._load_history_task, buffer._working_lines
        if loading is None or not loading.done() or buffer.working_index < len(lines) - 1:
            return
        new = self.history.refresh()
        if new:
            cursor, suggestion, typed = buffer.cursor_position, buffer.suggestion, lines.pop()
            lines.extend([*new, typed])
            buffer.working_index = len(lines) - 1
            buffer.cursor_position, buffer.suggestion = cursor, suggestion

    # ------------------------------------------------------------ drafts

    def _text_changed(self, buffer: Buffer) -> None:
        if not buffer.text:
            self.pasted = False
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self.planned is not None:
            self.planned.cancel()
        self.planned = loop.call_later(PREVIEW, self._preview)
        if self.pending is not None:
            return
        self.pending = loop.call_later(DRAFT, self._save_draft)

    def _save_draft(self) -> None:
        self.pending = None
        self.draft(self.session.default_buffer.text)

    # ------------------------------------------------------------ previews

    def _preview(self) -> None:
        """Compute what is shown behind the input, if nothing is in the way of it."""
        self.planned = None
        shell, buffer, app = self.shell(), self.session.default_buffer, self.session.app
        text = buffer.text
        if shell is None or shell.running or not app.is_running or self.unmarked:
            return
        if "\n" in text or buffer.suggestion is not None or buffer.complete_state is not None:
            return
        if cells.special(text) is not None:
            return
        room = app.output.get_size().columns - len(f"In [{shell.number}]: {text}  # ") - 1
        if room < LEAST:
            return
        if self.live is None:
            from .live import Live

            self.live = Live(shell)
        shown = self.live.preview(text, room)
        if shown != text.strip():
            self.previewed = (text, shown)
            if shown:
                app.invalidate()

    # ------------------------------------------------------------ keys

    def _more_typed(self, event: KeyPressEvent) -> str:
        """The next character when whole lines came together with this key, "" otherwise.

        That is a paste into a terminal that marks none: it is not indented further, a block in it
        goes on while lines are indented, and its last line may have no end.
        """
        queue = event.app.key_processor.input_queue
        if not any(_is_letter(press) for press in queue):  # the read may have ended here
            event.app.key_processor.feed_multiple(event.app.input.read_keys())
        letters = [press.data for press in queue if _is_letter(press)]
        if any(press.key in (Keys.ControlM, Keys.ControlJ) for press in queue):
            self.unmarked = bool(letters)
        elif not self.unmarked:
            self.unmarked = len(letters) > TYPED_AHEAD
        if not letters or not self.unmarked:
            return ""
        return letters[0] if queue[0].data == letters[0] else "\n"

    async def _edit(self, buffer: Buffer) -> None:
        """Have the input changed in the user's editor; Enter runs it, as always."""
        from prompt_toolkit.application.run_in_terminal import in_terminal

        from gradcli.repl.files.editor import NoEditor, edit

        async with in_terminal():
            try:
                text = edit(buffer.text)
            except NoEditor as error:
                told = f"warning: {error}{f' ({error.help})' if error.help else ''}"
                width = max(self.session.app.output.get_size().columns - 1, 20)
                lines = textwrap.wrap(told, width, subsequent_indent="    ")
                sys.stdout.write("\n".join([*lines, ""]))
                sys.stdout.flush()
                return
        self.pasted = self.pasted or "%" in text
        self.whole = buffer.text = text
        buffer.cursor_position = len(text)

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        typing = ~has_selection
        menu = has_completions & ~is_done

        @Condition
        def in_indentation() -> bool:
            before = get_app().current_buffer.document.current_line_before_cursor
            return not before.strip()

        @Condition
        def default_buffer() -> bool:
            return get_app().current_buffer is self.session.default_buffer

        @keys.add(Keys.ControlM, filter=typing & default_buffer, eager=False)
        def _enter(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            if buffer.complete_state is not None and buffer.complete_state.current_completion:
                buffer.complete_state = None
                return
            following = self._more_typed(event)
            if following:
                goes_on = following.isspace() or not cells.ready(buffer.text)[0]
                if goes_on or cells.is_transcript(buffer.text):
                    buffer.insert_text("\n")
                else:
                    buffer.validate_and_handle()
                return
            document = buffer.document
            if document.text_after_cursor.strip():
                if "\n" not in document.text and cells.ready(document.text)[0]:
                    buffer.validate_and_handle()
                else:
                    buffer.insert_text("\n" + _indent(document.text_before_cursor))
                return
            run, indent = cells.ready(document.text)
            if run or (document.text == self.whole and cells.ready(f"{document.text}\n")[0]):
                buffer.text = document.text.rstrip() if document.text.strip() else ""
                buffer.cursor_position = len(buffer.text)
                buffer.validate_and_handle()
            else:
                buffer.insert_text("\n" + indent)

        @keys.add(Keys.BracketedPaste, filter=default_buffer)
        def _paste(event: KeyPressEvent) -> None:
            text = event.data.replace("\r\n", "\n").replace("\r", "\n")
            self.pasted = self.pasted or "%" in text
            event.current_buffer.insert_text(text)

        @Condition
        def is_alone() -> bool:
            return not get_app().key_processor.input_queue

        @keys.add(Keys.Escape, filter=menu & is_alone, eager=True)
        def _close(event: KeyPressEvent) -> None:
            event.current_buffer.cancel_completion()

        @keys.add(Keys.Escape, Keys.ControlM, filter=default_buffer)
        def _run(event: KeyPressEvent) -> None:
            event.current_buffer.validate_and_handle()

        @keys.add(Keys.ControlO, filter=default_buffer)
        def _new_line(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            buffer.insert_text("\n" + _indent(buffer.document.text_before_cursor))

        @keys.add(Keys.F2, filter=default_buffer)
        @keys.add(Keys.ControlX, Keys.ControlE, filter=default_buffer)
        def _edit(event: KeyPressEvent) -> None:
            event.app.create_background_task(self._edit(event.current_buffer))

        @keys.add(Keys.ControlI, filter=in_indentation & default_buffer & ~menu)
        def _tab(event: KeyPressEvent) -> None:
            column = event.current_buffer.document.cursor_position_col
            event.current_buffer.insert_text(" " * (INDENT - column % INDENT))

        @keys.add(Keys.BackTab, filter=default_buffer & ~menu)
        def _back_tab(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            line = buffer.document.current_line
            spaces = min(len(line) - len(line.lstrip(" ")), INDENT)
            column = buffer.document.cursor_position_col
            buffer.cursor_position -= column
            buffer.delete(spaces)
            buffer.cursor_position += max(column - spaces, 0)

        @keys.add(Keys.ControlH, filter=in_indentation & default_buffer & ~has_selection)
        def _backspace(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            before = buffer.document.current_line_before_cursor
            if before and before == " " * len(before):
                buffer.delete_before_cursor((len(before) - 1) % INDENT + 1)
            else:
                buffer.delete_before_cursor(1)

        return keys


def _indent(before: str) -> str:
    """What a new line behind this text starts with."""
    line = before.rpartition("\n")[2]
    same = line[: len(line) - len(line.lstrip(" \t"))]
    run, indent = cells.ready(before)
    return same if run else max(indent, same if line.strip() == "" else "", key=len)


def _is_letter(press: KeyPress) -> bool:
    return len(press.data) == 1 and press.data.isprintable()
