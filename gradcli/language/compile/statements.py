"""Statements to closures: functions of a frame that return None, or how control goes on.

A closure returns None when the next statement follows, otherwise BREAK, CONTINUE or RETURN (the
value is then in the frame). Blocks count their steps at once and look at `runtime.stop` before
each statement.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from gradcli.language.library.prelude import Names
from gradcli.language.machine.state import (
    BASE,
    FIRST,
    GLOBALS,
    QUANTUM,
    RECORDED,
    RESULT,
    UNBOUND,
    UNRECORDED,
    counted,
    machine,
)
from gradcli.language.syntax import nodes
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.source import Source
from gradcli.language.values.arithmetic import augmented, check_item
from gradcli.language.values.array_sizes import before_array_write, check_array, see_array
from gradcli.language.values.attributes import (
    delete_attribute,
    names_of,
)
from gradcli.language.values.classes import bases_of, make_class
from gradcli.language.values.functions import Closure, Frame
from gradcli.language.values.special_names import DESCRIBING, METHODS, is_special
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor

from . import trees
from .arguments import attribute_loader, attribute_writer
from .displays import Displays
from .expressions import give_name, refused_special
from .resolver import CELL, FIELD, GLOBAL, LOCAL, Scope
from .templates import LEFT, Ending

BREAK, CONTINUE, RETURN = "break", "continue", "return"

Store = Callable[[Frame, Any], None]


def can_leave(node: nodes.stmt, inside: bool = False) -> bool:
    """Whether a statement can end the block that it stands in; `inside` of a loop of its own."""
    if isinstance(node, nodes.Return):
        return True
    if isinstance(node, nodes.Break | nodes.Continue):
        return not inside
    if isinstance(node, nodes.If):
        return any(_any_leaves(body, inside) for _, body in node.tests) or _any_leaves(
            node.orelse, inside
        )
    if isinstance(node, nodes.For | nodes.While):
        return _any_leaves(node.body, True) or _any_leaves(node.orelse, inside)
    if isinstance(node, nodes.With):
        return _any_leaves(node.body, inside)
    return isinstance(node, nodes.Try)


def _any_leaves(body: tuple[nodes.stmt, ...], inside: bool = False) -> bool:
    return any(can_leave(node, inside) for node in body)


class Statements(Displays):
    """Compiles the statements of one program."""

    def __init__(self, source: Source, builtins: Names, fixed: Collection[str]) -> None:
        super().__init__(source, builtins, fixed)
        self.statements: dict[type, Callable[[Any, Scope], Closure | None]] = {
            nodes.Expr: self.expression_statement,
            nodes.Assign: self.assign,
            nodes.AugAssign: self.augmented,
            nodes.AnnAssign: self.annotated,
            nodes.For: self.for_,
            nodes.While: self.while_,
            nodes.If: self.if_,
            nodes.Delete: self.delete,
            nodes.Import: self.import_,
            nodes.ImportFrom: self.import_from,
            nodes.FunctionDef: self.function,
            nodes.ClassDef: self.class_,
            nodes.Return: self.return_,
        }

    def statement(self, node: nodes.stmt, scope: Scope) -> Closure | None:
        """The closure of a statement; None for one that does nothing."""
        if isinstance(node, nodes.Break):
            return lambda f: BREAK
        if isinstance(node, nodes.Continue):
            return lambda f: CONTINUE
        handler = self.statements.get(type(node))
        closure = None if handler is None else handler(node, scope)
        return None if closure is None else noted(node, closure)

    def block(self, body: tuple[nodes.stmt, ...], scope: Scope) -> Closure:
        """The statements one after another."""
        closures = []
        jumps = False
        for node in body:
            closure = self.statement(node, scope)
            if closure is not None:
                closures.append(closure)
                jumps = jumps or can_leave(node)
        count = max(len(closures), 1)
        if len(closures) == 1:
            return self.single(closures[0])
        return _block_with_jumps(closures, count) if jumps else _block(closures, count)

    def single(self, only: Closure) -> Closure:
        def one(f: Frame) -> Any:
            machine.fuel -= 1
            if machine.fuel < 0:
                machine.refuel()
            if runtime.stop is not None:
                runtime.check()
            return only(f)

        return one

    # Assignments

    def expression_statement(self, node: nodes.Expr, scope: Scope) -> Closure | None:
        if isinstance(node.value, nodes.Constant):
            return None
        if self.hot:
            closure = self.ended(node.value, scope, LEFT)
            if closure is not None:
                return closure
        value = self.expression(node.value, scope)

        def run(f: Frame) -> None:
            value(f)

        return run

    def assign(self, node: nodes.Assign, scope: Scope) -> Closure:
        if len(node.targets) == 1 and isinstance(node.targets[0], nodes.Name):
            ending = self.assigning(node.targets[0], scope)
            closure = None if ending is None else self.ended(node.value, scope, ending)
            if closure is not None:
                return closure
        value = self.expression(node.value, scope)
        if len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, nodes.Name):
                return self.assign_name(target, value, scope)
            if isinstance(target, nodes.Attribute):
                return self.assign_attribute(target, value, scope)
            store = self.target(target, scope)

            def assign(f: Frame) -> None:
                store(f, value(f))

            return assign
        stores = [self.target(target, scope) for target in node.targets]

        def several(f: Frame) -> None:
            result = value(f)
            for store in stores:
                store(f, result)

        return several

    def assigning(self, target: nodes.Name, scope: Scope) -> Ending | None:
        """How a template assigns to a name; None for one in a cell or a class."""
        name = self.checked_name(target, scope)
        place = scope.lookup(name)
        if place.kind == GLOBAL:
            return Ending("g", name, name)
        return Ending("l", place.slot, name) if place.kind == LOCAL else None

    def assign_attribute(self, target: nodes.Attribute, value: Closure, scope: Scope) -> Closure:
        site = self.site(target)
        write = attribute_writer(self.attribute_name(target, scope))
        owner_of = self.expression(target.value, scope)

        def assign(f: Frame) -> None:
            result = value(f)
            owner = owner_of(f)
            runtime.where = f[BASE] + site
            write(owner, result)

        return assign

    def assign_name(self, target: nodes.Name, value: Closure, scope: Scope) -> Closure:
        name = self.checked_name(target, scope)
        place = scope.lookup(name)
        if place.kind == GLOBAL:

            def module(f: Frame) -> None:
                f[0][name] = result = value(f)
                if type(result) is Tensor:
                    node = result.node
                    if node is not None and node.name is None:
                        node.name = name

            return module
        if place.kind == LOCAL:
            slot = place.slot

            def local(f: Frame) -> None:
                f[slot] = result = value(f)
                if type(result) is Tensor:
                    node = result.node
                    if node is not None and node.name is None:
                        node.name = name

            return local
        store = self.target(target, scope)

        def other(f: Frame) -> None:
            store(f, value(f))

        return other

    def checked_name(self, node: nodes.Name, scope: Scope) -> str:
        name = scope.mangle(node.id)
        if (
            is_special(name)
            and name not in ("__name__", "__doc__", "__file__")
            and not (scope.kind == "module" and name in DESCRIBING)
            and not (scope.kind == "class" and name in METHODS)
        ):
            raise refused_special(name, node.span)
        return name

    def target(self, node: nodes.expr, scope: Scope) -> Store:
        """The function that assigns a value to a target."""
        if isinstance(node, nodes.Name):
            name = self.checked_name(node, scope)
            store = self.store(scope.lookup(name), name, scope)

            def named(f: Frame, value: Any) -> None:
                store(f, value)
                if type(value) is Tensor:
                    give_name(value, name)

            return named
        if isinstance(node, nodes.Tuple | nodes.List):
            return self.unpack(node, scope)
        site = self.site(node)
        if isinstance(node, nodes.Attribute):
            write = attribute_writer(self.attribute_name(node, scope))
            owner_of = self.expression(node.value, scope)

            def attribute(f: Frame, value: Any) -> None:
                owner = owner_of(f)
                runtime.where = f[BASE] + site
                write(owner, value)

            return attribute
        if isinstance(node, nodes.Subscript):
            container = self.expression(node.value, scope)
            index = self.expression(node.slice, scope)

            def item(f: Frame, value: Any) -> None:
                left = container(f)
                right = index(f)
                runtime.where = f[BASE] + site
                of = type(right)
                if of is not int and of is not str:
                    if of is slice and type(left) is list:
                        _store_slice(left, right, value)
                        return
                    check_item(left, right)
                if type(left).__module__ == "numpy":
                    check_array(value)
                    see_array(left)
                left[right] = value

            return item
        raise GradSyntaxError("cannot assign to this", node.span)

    def unpack(self, node: nodes.Tuple | nodes.List, scope: Scope) -> Store:
        site = self.site(node)
        starred = [i for i, e in enumerate(node.elts) if isinstance(e, nodes.Starred)]
        stores = [
            self.target(e.value if isinstance(e, nodes.Starred) else e, scope) for e in node.elts
        ]
        count = len(stores)
        if starred:
            star = starred[0]
            after = count - star - 1

            def with_star(f: Frame, value: Any) -> None:
                runtime.where = f[BASE] + site
                items = list(counted(_iterate(value)))
                if len(items) < count - 1:
                    raise ValueError(
                        f"not enough values to unpack (expected at least {count - 1}, "
                        f"got {len(items)})"
                    )
                end = len(items) - after
                items[star:end] = [items[star:end]]
                for store, item in zip(stores, items, strict=True):
                    store(f, item)

            return with_star

        names = [
            scope.mangle(node.id)
            for node in node.elts
            if isinstance(node, nodes.Name) and scope.lookup(scope.mangle(node.id)).kind == GLOBAL
        ]
        if len(names) == count:  # all of the module
            return unpack_names(names, site)

        def unpack(f: Frame, value: Any) -> None:
            runtime.where = f[BASE] + site
            for store, item in zip(stores, _items(value, count), strict=True):
                store(f, item)

        return unpack

    def augmented_name(
        self, node: nodes.AugAssign, target: nodes.Name, scope: Scope, ending: Ending
    ) -> Closure:
        """`name op= value`, where `ending` assigns to the name."""

        def general() -> Closure:
            left, right = self.operand(target, scope), self.tree(node.value, scope)
            inner = self.inner(scope)
            return trees.augmented_name(node.op, left, right, self.site(node), inner, ending)

        from . import staging

        leaves = None if self.whole else staging.leaves_of_write(node)
        if leaves is not None:
            staged = self.as_a_whole(leaves, scope, ending, general, node.op)
            if staged is not None:
                return staged
        return general()

    def augmented(self, node: nodes.AugAssign, scope: Scope) -> Closure:
        apply = augmented(node.op)
        site = self.site(node)
        target = node.target
        if isinstance(target, nodes.Name):
            ending = self.assigning(target, scope) if self.hot else None
            if ending is not None:
                return self.augmented_name(node, target, scope, ending)
            value = self.expression(node.value, scope)
            read = self.name(target, scope)
            name = self.checked_name(target, scope)
            store = self.store(scope.lookup(name), name, scope)

            def named(f: Frame) -> None:
                left = read(f)
                right = value(f)
                runtime.where = f[BASE] + site
                result = apply(left, right)
                store(f, result)
                if type(result) is Tensor:
                    give_name(result, name)

            return named
        value = self.expression(node.value, scope)
        if isinstance(target, nodes.Attribute):
            owner_of = self.expression(target.value, scope)
            name = self.attribute_name(target, scope)
            load, write = attribute_loader(name), attribute_writer(name)

            def attribute(f: Frame) -> None:
                owner = owner_of(f)
                runtime.where = f[BASE] + site
                left = load(owner)
                right = value(f)
                runtime.where = f[BASE] + site
                write(owner, apply(left, right))

            return attribute
        assert isinstance(target, nodes.Subscript)
        container_of = self.expression(target.value, scope)
        index_of = self.expression(target.slice, scope)

        def item(f: Frame) -> None:
            container = container_of(f)
            index = index_of(f)
            runtime.where = f[BASE] + site
            check_item(container, index)
            left = container[index]
            right = value(f)
            runtime.where = f[BASE] + site
            result = apply(left, right)
            if before_array_write:
                see_array(container)
            container[index] = result

        return item

    def annotated(self, node: nodes.AnnAssign, scope: Scope) -> Closure | None:
        if node.value is None:
            return None
        value = self.expression(node.value, scope)
        if isinstance(node.target, nodes.Name):
            return self.assign_name(node.target, value, scope)
        store = self.target(node.target, scope)

        def assign(f: Frame) -> None:
            store(f, value(f))

        return assign

    def delete(self, node: nodes.Delete, scope: Scope) -> Closure:
        deletes = [self.delete_one(target, scope) for target in node.targets]

        def delete(f: Frame) -> None:
            for one in deletes:
                one(f)

        return delete

    def delete_one(self, node: nodes.expr, scope: Scope) -> Closure:
        if isinstance(node, nodes.Tuple | nodes.List):
            parts = [self.delete_one(element, scope) for element in node.elts]

            def several(f: Frame) -> None:
                for part in parts:
                    part(f)

            return several
        site = self.site(node)
        if isinstance(node, nodes.Name):
            name = scope.mangle(node.id)
            place = scope.lookup(name)
            read = self.name(node, scope)
            if place.kind in (LOCAL, CELL):
                store = self.store(place, name, scope)

                def local(f: Frame) -> None:
                    read(f)
                    store(f, UNBOUND)

                return local
            fields = scope.owner.slots["__fields__"] if place.kind == FIELD else GLOBALS

            def module(f: Frame) -> None:
                if name not in f[fields]:
                    runtime.where = f[BASE] + site
                    raise NameError(f"name '{name}' is not defined", name=name)
                del f[fields][name]

            return module
        if isinstance(node, nodes.Attribute):
            attribute_name = self.attribute_name(node, scope)
            owner_of = self.expression(node.value, scope)

            def attribute(f: Frame) -> None:
                owner = owner_of(f)
                runtime.where = f[BASE] + site
                delete_attribute(owner, attribute_name)

            return attribute
        if not isinstance(node, nodes.Subscript):
            raise GradSyntaxError("cannot delete this", node.span)
        container = self.expression(node.value, scope)
        index = self.expression(node.slice, scope)

        def item(f: Frame) -> None:
            left = container(f)
            right = index(f)
            runtime.where = f[BASE] + site
            check_item(left, right)
            del left[right]

        return item

    # Control flow

    def if_(self, node: nodes.If, scope: Scope) -> Closure:
        pairs = [(self.test(test, scope), self.block(body, scope)) for test, body in node.tests]
        orelse = self.block(node.orelse, scope) if node.orelse else None
        if len(pairs) == 1:
            test, body = pairs[0]
            if orelse is None:
                return lambda f: body(f) if test(f) else None
            other = orelse
            return lambda f: body(f) if test(f) else other(f)

        def branches(f: Frame) -> Any:
            for test, body in pairs:
                if test(f):
                    return body(f)
            return orelse(f) if orelse is not None else None

        return branches

    def while_(self, node: nodes.While, scope: Scope) -> Closure:
        self.hot += 1
        test = self.test(node.test, scope)
        body = self.block(node.body, scope)
        self.hot -= 1
        orelse = self.block(node.orelse, scope) if node.orelse else None

        def loop(f: Frame) -> Any:
            while True:
                machine.fuel -= 1
                if machine.fuel < 0:
                    machine.refuel()
                if not test(f):
                    break
                signal = body(f)
                if signal is not None:
                    if signal is BREAK:
                        return None
                    if signal is RETURN:
                        return signal
            return orelse(f) if orelse is not None else None

        return loop

    def for_(self, node: nodes.For, scope: Scope) -> Closure:
        source = self.expression(node.iter, scope)
        site = self.site(node.iter)
        orelse = self.block(node.orelse, scope) if node.orelse else None
        if isinstance(node.target, nodes.Name) and not _any_leaves(node.body):
            place = scope.lookup(self.checked_name(node.target, scope))
            if place.kind in (GLOBAL, LOCAL):
                return self.plain_for(node, source, site, orelse, scope)
        self.hot += 1
        store = self.target(node.target, scope)
        body = self.block(node.body, scope)
        self.hot -= 1

        def loop(f: Frame) -> Any:
            left = source(f)
            base = f[BASE]
            runtime.where = base + site
            for value in left:
                machine.fuel -= 1
                store(f, value)
                signal = body(f)
                if signal is not None:
                    if signal is BREAK:
                        return None
                    if signal is RETURN:
                        return signal
                runtime.where = base + site
            return orelse(f) if orelse is not None else None

        return loop

    def plain_for(
        self,
        node: nodes.For,
        source: Closure,
        site: int,
        orelse: Closure | None,
        scope: Scope,
    ) -> Closure:
        """A loop over a plain name, with nothing in its body that could leave it."""
        assert isinstance(node.target, nodes.Name)
        name = self.checked_name(node.target, scope)
        place = scope.lookup(name)
        self.hot += 1
        statements = tuple([c for s in node.body if (c := self.statement(s, scope)) is not None])
        self.hot -= 1
        count = len(statements) + 1
        is_module = place.kind == GLOBAL
        target: Any = name if is_module else place.slot

        def loop(f: Frame) -> Any:
            left = source(f)
            runtime.where = where = f[BASE] + site
            names: Any = f[GLOBALS] if is_module else f
            for value in left:
                machine.fuel -= count
                if machine.fuel < 0:
                    machine.refuel()
                names[target] = value
                if type(value) is Tensor:
                    made_by = value.node
                    if made_by is not None and made_by.name is None:
                        made_by.name = name
                for statement in statements:
                    if runtime.stop is not None:
                        runtime.check()
                    statement(f)
                runtime.where = where
            return orelse(f) if orelse is not None else None

        return loop

    def return_(self, node: nodes.Return, scope: Scope) -> Closure:
        if node.value is None:

            def nothing(f: Frame) -> Any:
                f[RESULT] = None
                return RETURN

            return nothing
        value = self.expression(node.value, scope)

        def result(f: Frame) -> Any:
            f[RESULT] = value(f)
            return RETURN

        return result

    # Definitions

    def function(self, node: nodes.FunctionDef, scope: Scope) -> Closure:
        name = self.checked_name(nodes.Name(node.name, node.name_span), scope)
        inner = scope.children[node]
        doc = docstring(node.body)
        self.hot += 1
        run = self.function_body(node, inner)
        self.hot -= 1
        make = self.function_code(node, node.name, node.args, doc, run, scope)
        return self.decorated(node.decorator_list, make, name, scope)

    def decorated(
        self, decorators: tuple[nodes.expr, ...], make: Closure, name: str, scope: Scope
    ) -> Closure:
        from gradcli.language.values.constructors import callable_value

        wraps = [(self.expression(d, scope), self.site(d)) for d in decorators]
        store = self.store(scope.lookup(name), name, scope)

        def define(f: Frame) -> None:
            functions = [wrap(f) for wrap, _ in wraps]
            value = make(f)
            for function, (_, site) in zip(reversed(functions), reversed(wraps), strict=True):
                runtime.where = f[BASE] + site
                value = callable_value(function)(value)
            store(f, value)

        return define

    def function_body(self, node: nodes.FunctionDef, scope: Scope) -> Closure:
        body = node.body
        enter = self.prologue(scope)
        if isinstance(body[-1], nodes.Return) and not _any_leaves(body[:-1]):
            ending = body[-1].value
            value = self.expression(ending, scope) if ending is not None else lambda f: None
            value = noted(body[-1], value)
            closures = [c for s in body[:-1] if (c := self.statement(s, scope)) is not None]
            return _straight(closures, value, enter)
        block = self.block(body, scope)

        def run(f: Frame) -> Any:
            if enter is not None:
                enter(f)
            return f[RESULT] if block(f) is RETURN else None

        return run

    def class_(self, node: nodes.ClassDef, scope: Scope) -> Closure:
        for keyword in node.keywords:
            if keyword.arg != "metaclass":
                raise GradSyntaxError("classes take no keywords here", keyword.span)
        metaclasses = [self.expression(keyword.value, scope) for keyword in node.keywords]
        name = self.checked_name(nodes.Name(node.name, node.name_span), scope)
        inner = scope.children[node]
        written = tuple([one for one in node.body if not _names_slots(one)])
        for statement in written:
            self.check_class_statement(statement)
        bases = [self.expression(base, scope) for base in node.bases]
        body = self.block(written, inner)
        doc = docstring(node.body)
        site = self.site(node)
        fields = inner.slots["__fields__"]
        cell = inner.slots.get("__class__")
        extra = (UNBOUND,) * (inner.size - FIRST - len(inner.free_slots))
        frees = [self.cell_slot(scope, free) for free in inner.free_slots]
        prefix = scope.qualname
        qualname = f"{prefix}.{node.name}" if prefix else node.name
        annotations = self.class_annotations(node)

        def make(f: Frame) -> Any:
            parents = tuple([base(f) for base in bases])
            for metaclass in metaclasses:
                parents = bases_of(metaclass(f), parents)
            frame = [f[GLOBALS], f[BASE], None, *extra, *[f[slot] for slot in frees]]
            namespace: dict[str, Any] = {}
            frame[fields] = namespace
            if cell is not None:
                frame[cell] = [UNBOUND]
            body(frame)
            runtime.where = f[BASE] + site
            namespace["__qualname__"] = qualname
            namespace["__doc__"] = doc
            if annotations:
                namespace["__annotations__"] = annotations
            made = make_class(node.name, parents, namespace)
            if cell is not None:
                frame[cell][0] = made
            return made

        return self.decorated(node.decorator_list, make, name, scope)

    def class_annotations(self, node: nodes.ClassDef) -> dict[str, str]:
        """The text of the annotations of a class's names; nothing evaluates them."""
        found = {}
        for statement in node.body:
            if isinstance(statement, nodes.AnnAssign) and isinstance(statement.target, nodes.Name):
                start, end = statement.annotation.span
                name = statement.target.id
                if is_special(name):
                    raise refused_special(name, statement.target.span)
                found[name] = self.source.text[start:end]
        return found

    def check_class_statement(self, node: nodes.stmt) -> None:
        """Refuse a special method that the language does not have."""
        if (
            isinstance(node, nodes.FunctionDef)
            and is_special(node.name)
            and node.name not in METHODS
        ):
            raise refused_special(node.name, node.name_span)

    # Imports

    def import_(self, node: nodes.Import, scope: Scope) -> Closure:
        from gradcli.language.library.modules import find_module, refusal

        steps = []
        for alias in node.names:
            head = alias.name.partition(".")[0]
            message = refusal(alias.name)
            if message is not None:
                raise GradSyntaxError(message[0], alias.span, message[1])
            bound = alias.asname or head
            self.checked_name(nodes.Name(bound, alias.span), scope)
            store = self.store(scope.lookup(scope.mangle(bound)), scope.mangle(bound), scope)
            steps.append((alias.name, alias.asname is not None, head, store, self.site(alias)))

        def run(f: Frame) -> None:
            for name, whole, head, store, site in steps:
                runtime.where = f[BASE] + site
                module = find_module(name)
                store(f, module if whole else find_module(head))

        return run

    def import_from(self, node: nodes.ImportFrom, scope: Scope) -> Closure | None:
        from gradcli.language.library.modules import find_module, import_name, refusal

        if node.level:
            raise GradSyntaxError("relative imports are not in the language", node.span)
        name = node.module or ""
        if name == "__future__":
            return None
        message = refusal(name)
        if message is not None:
            raise GradSyntaxError(message[0], node.name_span or node.span, message[1])
        if any(alias.name == "*" for alias in node.names):
            if scope.kind != "module":
                raise GradSyntaxError("import * only allowed at module level", node.span)
            site = self.site(node)

            def everything(f: Frame) -> None:
                runtime.where = f[BASE] + site
                module = find_module(name)
                for key in names_of(module):
                    if not key.startswith("_"):
                        f[0][key] = import_name(name, key)

            return everything
        steps = []
        for alias in node.names:
            bound = alias.asname or alias.name
            if is_special(alias.name):
                raise refused_special(alias.name, alias.span)
            store = self.store(scope.lookup(scope.mangle(bound)), scope.mangle(bound), scope)
            steps.append((alias.name, store, self.site(alias)))

        def run(f: Frame) -> None:
            for key, store, site in steps:
                runtime.where = f[BASE] + site
                store(f, import_name(name, key))

        return run


def noted(node: nodes.stmt, closure: Closure) -> Closure:
    """The closure of a statement; where that is kept, one that notes that it ran and how."""
    ran = machine.ran
    if ran is None:
        return closure

    def run(f: Frame) -> Any:
        ran[node] = ran.get(node, 0) | (RECORDED if runtime.grad_enabled else UNRECORDED)
        return closure(f)

    return run


def _block(closures: list[Closure], count: int) -> Closure:
    statements = tuple(closures)

    def block(f: Frame) -> None:
        machine.fuel -= count
        if machine.fuel < 0:
            machine.refuel()
        for statement in statements:
            if runtime.stop is not None:
                runtime.check()
            statement(f)

    return block


def _block_with_jumps(closures: list[Closure], count: int) -> Closure:
    statements = tuple(closures)

    def block(f: Frame) -> Any:
        machine.fuel -= count
        if machine.fuel < 0:
            machine.refuel()
        for statement in statements:
            if runtime.stop is not None:
                runtime.check()
            signal = statement(f)
            if signal is not None:
                return signal
        return None

    return block


def _straight(
    closures: list[Closure], value: Closure, enter: Callable[[Frame], None] | None
) -> Closure:
    """The body of a function without jumps that ends with `return`."""
    statements = tuple(closures)
    count = len(statements) + 1

    def run(f: Frame) -> Any:
        machine.fuel -= count
        if machine.fuel < 0:
            machine.refuel()
        if enter is not None:
            enter(f)
        for statement in statements:
            if runtime.stop is not None:
                runtime.check()
            statement(f)
        if runtime.stop is not None:
            runtime.check()
        return value(f)

    return run


def _names_slots(node: nodes.stmt) -> bool:
    """Whether a statement is `__slots__ = …`, which means nothing here."""
    return (
        isinstance(node, nodes.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], nodes.Name)
        and node.targets[0].id == "__slots__"
    )


def docstring(body: tuple[nodes.stmt, ...]) -> str | None:
    """The string that a body begins with."""
    if body and isinstance(body[0], nodes.Expr):
        value = body[0].value
        if isinstance(value, nodes.Constant) and isinstance(value.value, str):
            return value.value
    return None


def _wrong_count(expected: int, got: int) -> ValueError:
    if got > expected:
        return ValueError(f"too many values to unpack (expected {expected})")
    return ValueError(f"not enough values to unpack (expected {expected}, got {got})")


def _iterate(value: Any) -> Any:
    kind = type(value)
    if not hasattr(kind, "__iter__") and not hasattr(kind, "__getitem__"):
        raise TypeError(f"cannot unpack non-iterable {kind.__name__} object")
    return iter(value)


def _items(value: Any, count: int) -> tuple[Any, ...]:
    """The items of a value that is to have `count` of them."""
    kind = type(value)
    if kind is tuple or kind is list:
        if len(value) != count:
            raise _wrong_count(count, len(value))
        return value if kind is tuple else tuple(value)
    items: list[Any] = []
    for item in _iterate(value):
        if len(items) == count:
            raise _wrong_count(count, count + 1)
        items.append(item)
    if len(items) != count:
        raise _wrong_count(count, len(items))
    return tuple(items)


def unpack_names(names: list[str], site: int) -> Store:
    """Assigns the items of a value to names of the module."""
    count = len(names)

    def unpack(f: Frame, value: Any) -> None:
        runtime.where = f[BASE] + site
        space = f[GLOBALS]
        for name, item in zip(names, _items(value, count), strict=True):
            space[name] = item
            if type(item) is Tensor:
                give_name(item, name)

    return unpack


def _store_slice(target: list[Any], index: slice, value: Any) -> None:
    if type(value) not in (list, tuple):
        value = list(counted(value)) if hasattr(type(value), "__iter__") else value
    if hasattr(value, "__len__"):
        machine.reserve(8 * (len(target) + len(value)))
    if len(target) > QUANTUM:
        machine.spend(len(target) // 8)
    target[index] = value
