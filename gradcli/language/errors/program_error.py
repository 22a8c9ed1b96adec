"""What a program raised, with everything a diagnostic says about it.

Places come from the provenance index, the values of operands from the local variables of the
closures that the traceback holds: a label costs nothing until there is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, NamedTuple, TypeGuard

from gradcli.autograd.node import GraphError
from gradcli.language.library import torch_names
from gradcli.language.library.modules import UnknownName, find_module
from gradcli.language.machine.state import machine
from gradcli.language.syntax import nodes
from gradcli.language.syntax.source import Source, Span
from gradcli.language.syntax.spelling import did_you_mean, near
from gradcli.language.values.attributes import names_of
from gradcli.language.values.constructors import public_class
from gradcli.language.values.functions import Function, Method
from gradcli.language.values.identity import clean_error
from gradcli.language.values.text import checked
from gradcli.tensor.dtypes import NAMES
from gradcli.tensor.runtime import Interrupted, runtime
from gradcli.tensor.tensor import Tensor, shape_of

from . import advice
from .arity import restate
from .at_fault import elements, span_at_fault
from .diagnostics import Diagnostic
from .diagnostics import Label as PlacedLabel
from .modules import name_of, place_of

_COMPILE = f"{__file__.rpartition('/')[0].rpartition('/')[0]}/compile"
CLOSURES = tuple(f"{_COMPILE}/{name}.py" for name in ("templates", "expressions", "statements"))


class Label(NamedTuple):
    """A place and what is to be said about it."""

    source: Source
    span: Span
    text: str


class ProgramError(Exception):
    """A Python exception that a program did not catch.

    `error` is the exception, `title` its class and sentence; `source` and `span` say where it was
    raised. `labels` describe operands and other places, `callers` are the calls that led there,
    innermost first; `help` says what to do, where that is known.
    """

    def __init__(
        self, error: BaseException, where: int, program: Any, names: dict[str, Any]
    ) -> None:
        with hints():
            restate(error)
        clean_error(error)
        self.title = title(error)
        super().__init__(self.title)
        self.error = error
        self.where = where
        place = machine.locate(where)
        self.node: Any = place[1] if place else None
        self.source: Source = place[0] if place else program.source
        self.span: Span = place[1].span if place else Span(0, 0)
        self.label = ""
        self.labels: list[Label] = []
        self.callers: list[Label] = [
            Label(source, node.span, "called from here") for source, node in machine.callers(where)
        ]
        self.help: str | None = None
        self.notes: list[str] = []
        self.in_layer = False
        self.program = program
        for describe in (
            self._describe_operands,
            lambda: self._describe_graph(names),
            lambda: self._describe_gradient(names),
            self._describe_function,
            self._describe_unused,
            self._describe_dtype,
        ):
            with hints():
                describe()
        with hints():
            self._describe_module(names)
        with hints():
            self._suggest(names, program)
        error.__traceback__ = None

    def diagnostic(self) -> Diagnostic:
        """The error as a message for people."""
        calls = list(dict.fromkeys(self.callers))
        shown = calls[:4] + calls[-1:] if len(calls) > 5 else calls
        labels = [PlacedLabel(self.span, self.label)]
        labels += [
            PlacedLabel(span, text, False, None if source is self.source else source)
            for source, span, text in self.labels + shown
        ]
        notes = list(self.notes)
        if len(shown) < len(self.callers):
            notes.append(f"{len(self.callers) - len(shown)} more calls in between")
        return Diagnostic(self.title, self.source, labels, [self.help] if self.help else (), notes)

    # Operands

    def _describe_operands(self) -> None:
        node = self.node
        found = _locals(self.error.__traceback__)
        if node is None or found is None:
            return
        pairs: list[tuple[Span, Any]] = []
        if isinstance(node, nodes.BinOp | nodes.AugAssign):
            left = node.target if isinstance(node, nodes.AugAssign) else node.left
            right = node.value if isinstance(node, nodes.AugAssign) else node.right
            pairs = [(left.span, found.get("left")), (right.span, found.get("right"))]
            self._point_at_operator(left.span, right.span)
        elif type(node).__name__ == "Link":
            right = node.right
            left_end = _end_of_left(node)
            pairs = [
                (Span(node.span.start, left_end), found.get("left")),
                (right.span, found.get("right")),
            ]
            self._point_at_operator(Span(node.span.start, left_end), right.span)
        elif isinstance(node, nodes.Compare) and len(node.comparators) == 1:
            pairs = [
                (node.left.span, found.get("left")),
                (node.comparators[0].span, found.get("right")),
            ]
        elif isinstance(node, nodes.Subscript):
            pairs = [
                (node.value.span, found.get("left")),
                (node.slice.span, found.get("right")),
            ]
        elif isinstance(node, nodes.Call):
            if isinstance(node.func, nodes.Attribute):
                owner = found.get("owner", getattr(found.get("function"), "__self__", None))
                pairs.append((node.func.value.span, owner))
            values = found.get("args")
            if not isinstance(values, list):
                values = [found.get(f"a{at}") for at in range(len(node.args))]
            pairs += [
                (argument.span, value) for argument, value in zip(node.args, values, strict=False)
            ]
            pairs += elements(node, values)
            self._point_at_argument(node, values)
            keywords = found.get("kwargs")
            if isinstance(keywords, dict):
                pairs += [
                    (keyword.value.span, keywords.get(keyword.arg))
                    for keyword in node.keywords
                    if keyword.arg is not None
                ]
        elif isinstance(node, nodes.Attribute):
            pairs = [(node.value.span, found.get("owner"))]
            self.span = node.attr_span
        elif isinstance(node, nodes.expr):
            pairs = [(node.span, found.get("left"))]
        for span, value in pairs:
            text = _summary(value)
            if text and span == self.span and not self.label:
                self.label = text
            elif text:
                self.labels.append(Label(self.source, span, text))

    def _point_at_operator(self, left: Span, right: Span) -> None:
        """The main span becomes the operator between two operands."""
        between = self.source.text[left.end : right.start]
        stripped = between.strip("() \t\n\\")
        if stripped and not stripped.startswith("#"):
            start = left.end + between.index(stripped)
            self.span = Span(start, start + len(stripped))

    def _point_at_argument(self, node: nodes.Call, values: list[Any]) -> None:
        """The main span becomes the argument that the sentence is about."""
        span = span_at_fault(node, values, self.title[:MAX_SENTENCE])
        if span is not None:
            self.span = span

    # The graph

    def _describe_graph(self, names: dict[str, Any]) -> None:
        error = self.error
        if not isinstance(error, GraphError):
            return
        freed = getattr(error, "freed", None)
        version = getattr(error, "version", None)
        node = getattr(error, "node", None)
        if freed is not None:
            place = machine.locate(freed.where)
            self.label = "needs values that are gone"
            if place:
                source, call = place
                text = _owner_text(source, call)
                self.labels.append(Label(source, call.span, f"the graph of {text} was freed here"))
                line = source.position(call.span.start).line
                of = "" if source is self.source else f" of {source.name}"
                self.help = f"keep them with retain_graph=True on line {line}{of}"
                again = call is machine.locate(self.where)[1]  # type: ignore[index]
                carried = _carried(freed, names, self.program) if again else []
                if carried:
                    named = " and ".join(f"`{name}`" for name in carried)
                    cut = ", ".join(f"{name}.detach()" for name in carried)
                    self.help = _AGAIN.format(named, ", ".join(carried), cut)
                else:
                    own = _owner_text(self.source, self.node)
                    names_both = [item.strip("`") for item in (text, own)]
                    if text != own and all(map(str.isidentifier, names_both)):
                        self.help += f", or take one pass: ({' + '.join(names_both)}).backward()"
        if version is not None:
            self.label = "needs a value that has changed"
            saved = machine.locate(getattr(node, "where", 0))
            if saved:
                self.labels.append(Label(saved[0], saved[1].span, "saved here"))
            changed = machine.locate(version.writer)
            if changed:
                self.labels.append(Label(changed[0], changed[1].span, "changed here"))
            self.help = "change a copy, or make a new tensor instead of writing in place"
        if freed is None and version is None and node is not None:
            made = machine.locate(node.where)
            if made:
                text = "the forward call, whose derivative this is"
                self.labels.append(Label(made[0], made[1].span, text))

    def _describe_gradient(self, names: dict[str, Any]) -> None:
        """Why the `.grad` that stands here is None, where the graph knows."""
        if "NoneType" not in self.title[:MAX_SENTENCE]:
            return
        for read in _gradients_read(self.node):
            name = read.value.id
            value = names.get(name)
            if type(value) is not Tensor or value.node is None or value.node.number < 0:
                continue
            made = machine.locate(value.node.where)
            if made is None:
                continue
            source, call = made
            self.labels.append(Label(source, call.span, f"`{name}` is no leaf since here"))
            self.help = (
                f"the gradient of a result is not kept: change the leaf in place, "
                f"`with torch.no_grad(): {name} -= …`, or make a new one with "
                f"{name} = (…).detach().requires_grad_()"
            )
            return

    def _describe_function(self) -> None:
        """The lines of a custom Function that its error is about."""
        sentence = self.title[:MAX_SENTENCE]
        wrong = _COUNTED.search(sentence)
        if wrong is not None:
            expected = int(wrong[2])
            for source, node in methods_of(wrong[1], ("backward", "vjp")):
                for item in node_walk(node):
                    if not isinstance(item, nodes.Return):
                        continue
                    value = item.value
                    count = len(value.elts) if isinstance(value, nodes.Tuple) else 1
                    if count != expected:
                        many = "" if count == 1 else "s"
                        inputs = "1 input" if expected == 1 else f"{expected} inputs"
                        text = f"returns {count} gradient{many}; forward has {inputs}"
                        self.labels.append(Label(source, item.span, text))
        shaped = _SHAPED.search(sentence)
        if shaped is not None:
            for source, node in methods_of(shaped[1], ("backward", "vjp")):
                for item in node_walk(node):
                    if isinstance(item, nodes.Return):
                        text = f"its gradient {shaped[2]} has the shape {shaped[3]}"
                        self.labels.append(Label(source, item.span, text))
        if "save_for_backward can only save variables" in sentence:
            name = getattr(getattr(getattr(self.node, "func", None), "value", None), "id", "")
            position = int(sentence.partition("argument ")[2].partition(" ")[0])
            for source, node in methods_of(name, ("forward", "setup_context")):
                for item in node_walk(node):
                    if (
                        isinstance(item, nodes.Call)
                        and isinstance(item.func, nodes.Attribute)
                        and item.func.attr == "save_for_backward"
                        and len(item.args) > position
                    ):
                        kind = sentence.rpartition(" ")[2]
                        span = item.args[position].span
                        self.labels.append(Label(source, span, f"a {kind}, not a tensor"))
                        text = source.slice(span)
                        if text.isidentifier():
                            self.help = (
                                f"keep it as an attribute: ctx.{text} = {text} here, and "
                                f"ctx.{text} in backward"
                            )

    def _describe_unused(self) -> None:
        """Which of the inputs was not used in the graph."""
        found = _UNUSED.search(self.title[:MAX_SENTENCE])
        node = self.node
        if found is None or not isinstance(node, nodes.Call):
            return
        given = [keyword.value for keyword in node.keywords if keyword.arg == "inputs"]
        given = given or list(node.args[1:2])
        if not given:
            return
        item, place = given[0], int(found[1])
        of, says = "", "nothing leads to it from the result"
        if isinstance(item, nodes.Tuple | nodes.List) and place < len(item.elts):
            item = item.elts[place]
        elif place or not isinstance(item, nodes.Name):
            of, says = f"element {place} of ", f"nothing leads to element {place} from the result"
        text = self.source.slice(item.span)
        self.labels = [label for label in self.labels if label.span != item.span]
        self.labels.append(Label(self.source, item.span, says))
        self.help = (
            f"allow_unused=True gives None for {of}`{text}`; `gradcli why` says where it is cut"
        )

    def _describe_dtype(self) -> None:
        """How a dtype is written of which the name was given as a text."""
        sentence = self.title[:MAX_SENTENCE]
        wanted = _DTYPE_TEXT.search(sentence)
        if wanted is None:
            return
        text = wanted[1] or self.source.slice(self.span).strip("'\"")
        name = text.removeprefix("torch.")
        if name in NAMES:
            self.help = f"a dtype is written without quotes: torch.{name}"
        elif wanted[1] is None:
            self.help = did_you_mean([f"torch.{item}" for item in near(name, NAMES, 1)]) or None

    # The module

    def _describe_module(self, names: dict[str, Any]) -> None:
        """Say in which module it happened, where the line itself does not."""
        place = place_of(self.error.__traceback__)
        if place is None or not (place.built_in or place.path):
            return
        self.in_layer = place.built_in
        name, kind = name_of(place, names), type(place.module).__name__
        here = f"in {name} ({kind})" if name else f"in {kind}"
        if self.label:
            self.notes.append(here)
            return
        self.label = here
        if place.built_in:
            given = [text for text in map(_summary, place.given) if text]
            if not {*given} <= {label.text for label in self.labels}:
                self.label += f", given {', '.join(given)}"
            if not vars(place.module)["_modules"]:
                shown = checked(place.module, repr)
                if "\n" not in shown and len(shown) <= MAX_NAME and shown != f"{kind}()":
                    self.notes.append(f"`{name}` is {shown}" if name else f"it is {shown}")

    # Suggestions

    def _suggest(self, names: dict[str, Any], program: Any) -> None:
        if self.help is not None:
            return
        error = self.error
        if isinstance(error, NameError) and _is_name(error.name):
            if error.name in names_of(torch_names.module("torch")):
                self.help = f"write torch.{error.name}"
            elif error.name in advice.FUNCTIONS:
                self.help = advice.for_function(error.name, program.mode == "python")
            else:
                self._near(error.name, [*names, *program.names.all()])
            self.help = self.help or advice.FOREIGN.get(error.name)
        elif isinstance(error, AttributeError) and _is_name(error.name):
            self._suggest_attribute(error)
        elif isinstance(error, UnknownName):
            self._near_import(error)
        elif isinstance(error, TypeError):
            self._near_keyword(self.title[:MAX_SENTENCE])
        if self.help is None:
            self.help = advice.for_sentence(self.title[:MAX_SENTENCE], self.in_layer)

    def _suggest_attribute(self, error: AttributeError) -> None:
        owner, name = error.obj, str(error.name)
        sentence = self.title[:MAX_SENTENCE].removeprefix("AttributeError: ")
        self.help = advice.for_attribute(sentence)
        if self.help is not None:
            return
        if owner is None:
            read = getattr(self.node, "value", None)
            if isinstance(read, nodes.Attribute) and read.attr == "grad":
                of = self.source.slice(read.value.span)
                self.help = (
                    f"`{of}` has no gradient yet: backward() leads to none, or was not called"
                )
                if name == "zero_":
                    self.help += f"; {of}.grad = None clears it in any case"
            return
        self._near(name, names_of(owner))
        if self.help is None and name in torch_names.tensor_names():
            if type(owner) in (list, tuple) and name == "backward":
                text = self.source.slice(getattr(self.node, "value", self.node).span)
                self.help = f"add the losses first: sum({text}).backward()"
            elif type(owner) in (int, float, complex):
                self.help = "it is a number of Python, without a graph: leave out .item()"
            elif callable(owner):
                self.help = "call it first, with parentheses"

    def _near(self, name: str, known: Iterable[str]) -> None:
        found = near(name, [other for other in known if not other.startswith("__")], 1)
        self.help = did_you_mean(found) or None

    def _near_import(self, error: UnknownName) -> None:
        sentence = f"module '{error.module}' has no attribute '{error.wanted}'"
        self.help = advice.for_attribute(sentence)
        if self.help is None:
            self._near(error.wanted, names_of(find_module(error.module)))

    def _near_keyword(self, message: str) -> None:
        match = re.search(r"unexpected keyword argument '?([^' ]+)'?", message)
        if not match:
            self._near_overload(message)
            return
        found = _locals(self.error.__traceback__) or {}
        function = found.get("function")
        if isinstance(function, Method):
            function = function.__func__
        if isinstance(function, Function):
            self._near(match[1], function.signature.names)
        elif function is not None:
            self._near(match[1], torch_names.parameters(function))

    def _near_overload(self, message: str) -> None:
        """A keyword that none of the overloads in the sentence has."""
        got, expected, overloads = message.partition("but expected one of")
        if not expected:
            return
        known = dict.fromkeys(re.findall(r"(\w+)(?= = |,|\))", overloads))
        for keyword in re.findall(r"(\w+)=", got):
            if keyword not in known:
                self._near(keyword, known)
                return


_AGAIN = (
    "the graph of an earlier round is reached through {0}: begin each round with "
    "{1} = {2}, which cuts it off (or keep all rounds with retain_graph=True)"
)
_COUNTED = re.compile(
    r"function (\w+?)(?:Generated)?Backward returned an incorrect number of "
    r"gradients \(expected (\d+)"
)
_SHAPED = re.compile(
    r"Function (\w+?)(?:Generated)?Backward returned an invalid gradient at index (\d+) - "
    r"got (\[[\d, ]*\])"
)
_DTYPE_TEXT = re.compile(r"must be torch\.dtype, not str|Invalid device string: '(\w+)'")
_UNUSED = re.compile(r"Tensor at index (\d+) appears to not have been used in the graph")


def _carried(freed: Any, names: dict[str, Any], program: Any) -> list[str]:
    """What leads from a graph that is there to one that was freed, as the program calls it."""
    seen: dict[Any, None] = {}
    for value in names.values():
        for item in value if type(value) in (list, tuple) else (value,):
            if type(item) is Tensor and item.node is not None:
                seen[item.node] = None
    order = list(seen)
    for node in order:
        for edge in node.edges:
            if edge is None:
                continue
            if getattr(edge, "saved", None) is freed and getattr(node, "saved", None) is not freed:
                return [edge.name] if edge.name else _assigned_again(edge, program)
            if edge not in seen:
                seen[edge] = None
                order.append(edge)
    return []


def _assigned_again(node: Any, program: Any) -> list[str]:
    """The targets of the assignment in which a node was made that it also reads: `h` of
    `out, h = rnn(x, h)`, and `self.h`, `state[0]` likewise."""
    place = machine.locate(node.where)
    if place is None or place[0] is not program.source:
        return []
    source, made = place
    for item in node_walk(program.tree):
        if not isinstance(item, nodes.Assign):
            continue
        inside = item.value.span
        if not inside.start <= made.span.start <= made.span.end <= inside.end:
            continue
        read = {
            source.slice(part.span)
            for part in node_walk(item.value)
            if isinstance(part, nodes.Name | nodes.Attribute | nodes.Subscript)
        }
        targets = [source.slice(part.span) for target in item.targets for part in _parts(target)]
        return [text for text in targets if text in read]
    return []


def _parts(target: Any) -> list[Any]:
    """The targets that values are unpacked to."""
    if isinstance(target, nodes.Tuple | nodes.List):
        return [part for item in target.elts for part in _parts(item)]
    return [target]


def _gradients_read(node: Any) -> Iterator[Any]:
    """The reads of `name.grad` in an expression."""
    for item in node_walk(node):
        if (
            isinstance(item, nodes.Attribute)
            and item.attr == "grad"
            and isinstance(item.value, nodes.Name)
        ):
            yield item


def node_walk(node: Any) -> Iterator[Any]:
    """A node and all below it."""
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, tuple):
            stack.extend(item)
        elif isinstance(item, nodes.Node):
            yield item
            stack.extend(value for _, value in item.fields())


def methods_of(name: str, wanted: tuple[str, ...]) -> Iterator[tuple[Source, Any]]:
    """The methods of these names of the class that was defined last under a name."""
    for source, node in reversed(machine.sites):
        if isinstance(node, nodes.ClassDef) and node.name == name:
            for item in node.body:
                if isinstance(item, nodes.FunctionDef) and item.name in wanted:
                    yield source, item
            return


class hints:
    """What is said beside an error's sentence: left out where it cannot be found."""

    __slots__ = ("where",)

    def __enter__(self) -> None:
        self.where = runtime.where

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> bool:
        if kind is None or issubclass(kind, Interrupted):
            return False
        runtime.where = self.where
        return True


def _is_name(name: Any) -> TypeGuard[str]:
    """Whether what an exception holds as a name is one: programs put there what they like."""
    return type(name) is str and 0 < len(name) <= MAX_NAME


MAX_SENTENCE = 5000  # characters of a sentence that patterns are looked for in
MAX_NAME = 200  # characters of a name that near ones are looked for


def title(error: BaseException) -> str:
    """The last line that Python would print: the class and the sentence."""
    name = public_class(type(error)).__name__
    try:
        text = checked(error)
    except Interrupted:
        raise
    except BaseException:
        text = "<exception str() failed>"
    return f"{name}: {text}" if text else name


def _locals(traceback: TracebackType | None) -> dict[str, Any] | None:
    """The local variables of the innermost closure that ran an operation."""
    found = None
    while traceback is not None:
        frame = traceback.tb_frame
        if frame.f_code.co_filename in CLOSURES:
            values = frame.f_locals  # made anew whenever it is read
            if "f" in values and ("left" in values or "function" in values or "owner" in values):
                found = values
        traceback = traceback.tb_next
    return dict(found) if found is not None else None


def _end_of_left(node: Any) -> int:
    """Where the left operand of a link of a chain ends."""
    end = node.chain.first.span.end
    for _, _, span in node.chain.rest:
        if span == node.span:
            break
        end = span.end
    return int(end)


def _owner_text(source: Source, node: nodes.Node) -> str:
    if isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute):
        return f"`{source.slice(node.func.value.span)}`"
    return "the result"


def _summary(value: Any) -> str:
    """Shape and dtype of a tensor; nothing for other values but arrays."""
    if type(value) is Tensor:
        return f"{value.dtype.name} {list(shape_of(value))}"
    if type(value).__module__ == "numpy" and hasattr(value, "shape"):
        return f"array of {value.dtype} {list(value.shape)}"
    return ""
