"""matplotlib in programs: which names its modules and objects have, and what goes in.

Imported when a program imports matplotlib. Whatever a program gives is made plain before the code
that draws sees it: numbers, texts, tensors, arrays, and lists of these, each counted. A name that
is not listed here is taken with whatever is done to it, and told once as left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.language.machine.sizes import FLAT
from gradcli.language.machine.state import counted, machine
from gradcli.language.values.attributes import (
    LOADERS,
    MISSING,
    NAMES,
    SETTERS,
    Module,
)
from gradcli.language.values.numpy_checks import numbers
from gradcli.language.values.python_types import TABLES, Table, name_function
from gradcli.language.values.special_names import is_special
from gradcli.language.values.text import text
from gradcli.plot import artists, patches
from gradcli.plot.axes import AXES_SHARES, Axes
from gradcli.plot.figure import AxesGrid, ColourBar, Figure, GridSpec, SubplotSpec
from gradcli.plot.left_out import LEFT_OUT, LeftOut
from gradcli.plot.numbers import Wrong, array_of_tensor
from gradcli.plot.pyplot import Pyplot
from gradcli.plot.styles import ColourMap, is_map
from gradcli.plot.words import text_of
from gradcli.tensor.tensor import Tensor
from gradcli.torch.namespaces import tensor_method

text_of.append(text)
array_of_tensor.append(tensor_method("numpy"))
DEEPEST = 32  # lists in lists

# What programs may call of each kind of object, and read of it.
_ARTIST = """get_color get_label remove set_alpha set_color set_facecolor set_label
    set_visible"""
METHODS: dict[type, str] = {
    GridSpec: "",
    SubplotSpec: "",
    Figure: """add_axes add_gridspec add_subplot clear clf colorbar delaxes gca get_axes sca
        set_size_inches subplots suptitle""",
    Axes: """add_artist add_line add_patch annotate arrow axhline axhspan axis axvline axvspan
        bar bar_label barh cla clear contour contourf errorbar fill fill_between
        get_legend_handles_labels get_xlim get_xticks get_ylim get_yticks grid hist hlines
        imshow invert_xaxis invert_yaxis legend loglog matshow pcolor pcolormesh plot
        scatter semilogx semilogy set set_aspect set_axis_off set_title set_xlabel set_xlim
        set_xscale set_xticklabels set_xticks set_ylabel set_ylim set_yscale set_yticklabels
        set_yticks stackplot stem step text twinx vlines""",
    AxesGrid: "flatten ravel tolist",
    ColourBar: "remove set_label",
    artists.Line: f"""{_ARTIST} get_xdata get_ydata set_data set_linestyle set_linewidth set_xdata
        set_ydata""",
    artists.Points: f"{_ARTIST} set_offsets",
    artists.Bars: _ARTIST,
    artists.Bar: "get_height get_width get_x get_y set_color set_facecolor",
    artists.Image: f"{_ARTIST} set_data",
    artists.Text: f"{_ARTIST} set_text",
    **dict.fromkeys(
        (artists.Area, artists.Polygon, artists.Errors, artists.Rule, artists.Contours), _ARTIST
    ),
}
READ: dict[type, dict[str, Callable[[Any], Any]]] = {
    Figure: {"axes": Figure.get_axes, "number": lambda figure: figure.number},
    Axes: {
        "figure": lambda axes: axes.figure,
        "lines": lambda axes: axes.lines,
        "transAxes": lambda axes: AXES_SHARES,
        "transData": lambda axes: "data",
    },
    AxesGrid: {
        "T": lambda grid: grid.T,
        "flat": lambda grid: grid.flat,
        "ndim": lambda grid: len(grid.shape),
        "shape": lambda grid: grid.shape,
        "size": lambda grid: grid.size,
    },
    artists.Bar: {},
    ColourBar: {},
    GridSpec: {},
    SubplotSpec: {},
}
SHOWN_AS = {
    Figure: ("Figure", "matplotlib.figure"),
    Axes: ("Axes", "matplotlib.axes"),
    AxesGrid: ("ndarray", "matplotlib"),
    ColourBar: ("Colorbar", "matplotlib.colorbar"),
    GridSpec: ("GridSpec", "matplotlib.gridspec"),
    SubplotSpec: ("SubplotSpec", "matplotlib.gridspec"),
    artists.Line: ("Line2D", "matplotlib.lines"),
    artists.Points: ("PathCollection", "matplotlib.collections"),
    artists.Bars: ("BarContainer", "matplotlib.container"),
    artists.Bar: ("Rectangle", "matplotlib.patches"),
    artists.Image: ("AxesImage", "matplotlib.image"),
    artists.Text: ("Text", "matplotlib.text"),
    artists.Area: ("FillBetweenPolyCollection", "matplotlib.collections"),
    artists.Polygon: ("Polygon", "matplotlib.patches"),
    artists.Errors: ("ErrorbarContainer", "matplotlib.container"),
    artists.Rule: ("Line2D", "matplotlib.lines"),
    artists.Contours: ("QuadContourSet", "matplotlib.contour"),
}
# The functions of pyplot that draw into the axes at hand, and those with a state of their own.
OF_AXES = """annotate arrow axhline axhspan axis axvline axvspan bar bar_label barh contour contourf
    errorbar fill fill_between grid hist hlines imshow legend loglog matshow pcolor pcolormesh plot
    scatter semilogx semilogy stackplot stem step text twinx vlines"""
OF_PYPLOT = """axes cla clf close colorbar draw figure gca gcf get_fignums ioff ion isinteractive
    pause savefig sca show subplot subplot2grid subplots suptitle title xlabel xlim xscale xticks
    ylabel ylim yscale yticks"""
PATCHES = "Circle Ellipse Patch Polygon Rectangle"
# What concerns windows and looks: taken, without an effect on a picture, and not told.
_LOOKS = """ax align_labels autofmt_xdate autoscale autoscale_view axisbelow canvas colormaps
    constrained_layout cycler draw_idle flush_events get_xaxis get_yaxis label_outer
    locator_params margins minorticks_off minorticks_on patch patches rc rcParams rcdefaults
    relim set_adjustable set_axisbelow set_box_aspect set_clip_on set_cmap
    set_constrained_layout set_dpi set_facecolor set_edgecolor set_fontsize set_linewidths
    set_markersize set_prop_cycle set_rasterized set_tight_layout set_zorder setp spines style
    subplots_adjust switch_backend tick_params tight_layout use waitforbuttonpress xaxis yaxis"""
OF_LOOKS = ("matplotlib.dates", "matplotlib.font_manager", "matplotlib.style", "matplotlib.ticker")
LOOKS = frozenset(_LOOKS.split())


# The state of the program that runs


def state() -> Pyplot:
    """The figures of the program, made at its first need."""
    if machine.pyplot is None:
        machine.pyplot = Pyplot(machine.show_figure)
    found: Pyplot = machine.pyplot
    return found


# What goes in


_AS_THEY_ARE = (type(None), bool, int, float, str, Tensor)
_OURS: frozenset[type] = frozenset((*METHODS, LeftOut))
_LISTS: tuple[type, ...] = (
    tuple,
    list,
    set,
    frozenset,
    deque,
    type({}.keys()),
    type({}.values()),
    type({}.items()),
)


def taken(value: Any, depth: int = 0) -> Any:
    """An argument of a program as plain data. Raises ValueError for lists that are too deep."""
    kind = type(value)
    if kind in _AS_THEY_ARE or kind in _OURS or kind in (range, complex):
        return value
    if isinstance(value, ColourMap):
        return value
    if isinstance(value, np.ndarray | np.generic):
        return numbers(value)
    if depth >= DEEPEST:
        raise Wrong(ValueError("lists are nested too deeply to be drawn"))
    if kind is dict:
        machine.reserve(64 * len(value))
        return {text(name): taken(item, depth + 1) for name, item in counted(list(value.items()))}
    if kind in _LISTS:
        machine.reserve(16 * len(value))
        return [taken(item, depth + 1) for item in counted(value)]
    if hasattr(kind, "__next__"):
        return [taken(item, depth + 1) for item in counted(value)]
    if isinstance(value, list | tuple):  # a named tuple, a torch.Size
        return [taken(item, depth + 1) for item in counted(tuple(value))]
    return text(value)


def _called(
    title: str,
    function: Callable[..., Any],
    first: tuple[Any, ...],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    """Call what draws. What it cannot draw is told; what matplotlib refuses is raised."""
    try:
        plain = [taken(arg) for arg in args]
        named = {key: taken(value) for key, value in kwargs.items()}
        return function(*first, *plain, **named)
    except Wrong as wrong:
        raise wrong.error from None
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        if error.__traceback__ is not None and error.__traceback__.tb_next is None:
            message = str(error)  # the arguments do not fit
            raise TypeError(message.replace(f"{function.__qualname__}()", f"{title}()")) from None
        if not _is_ours(error):
            raise
        state().notes.add(f"{title.rpartition('.')[2]} ({error})")
        return LEFT_OUT


def _is_ours(error: BaseException) -> bool:
    """Whether an error comes from the code that draws, not from the call or from the program."""
    trace = error.__traceback__
    inner = None if trace is None else trace.tb_next
    if inner is None:
        return False
    module = str(inner.tb_frame.f_globals.get("__name__"))
    return module.startswith("gradcli.plot.")


def _member(kind: type, name: str) -> Callable[..., Any]:
    """The function of a class, or of those it derives from."""
    found: Callable[..., Any] = next(vars(b)[name] for b in kind.__mro__ if name in vars(b))
    return found


def _method(kind: type, name: str) -> Callable[..., Any]:
    """A method as programs call it."""
    function = _member(kind, name)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(self, kind):
            raise TypeError(f"descriptor '{name}' requires a '{kind.__name__}' object")
        return _called(f"{kind.__name__}.{name}", function, (self,), args, kwargs)

    name_function(call, name)
    return call


def _function(name: str, of_axes: bool) -> Callable[..., Any]:
    """A function of pyplot."""
    function = _member(Axes if of_axes else Pyplot, name)

    def call(*args: Any, **kwargs: Any) -> Any:
        pyplot = state()
        first: Any = pyplot.gca() if of_axes else pyplot
        if first is LEFT_OUT:
            return LEFT_OUT
        return _called(name, function, (first,), args, kwargs)

    name_function(call, name)
    return call


def _shape(name: str) -> Callable[..., Any]:
    """What makes a shape for `add_patch`."""
    function = vars(patches)[name]

    def call(*args: Any, **kwargs: Any) -> Any:
        return _called(name, function, (), args, kwargs)

    name_function(call, name)
    return call


def _grid_spec(*args: Any, **kwargs: Any) -> Any:
    """`GridSpec(2, 3)`."""
    return _called("GridSpec", GridSpec, (), args, kwargs)


# Attributes


def _load(value: Any, name: str) -> Any:
    kind = type(value)
    entry = TABLES[kind].get(name)
    return left_out(name) if entry is None else entry.__get__(value, kind)


def left_out(name: str) -> Any:
    """What stands for a name that is not drawn; told, unless it only concerns looks."""
    if is_special(name):
        raise AttributeError(f"'{name}' is not there", name=name)
    if name not in LOOKS and not name.startswith("get_"):
        state().notes.add(name)
    return LEFT_OUT


def _store(value: Any, name: str, new: Any) -> None:
    """`ax.title = …`: matplotlib's objects take any attribute; a picture shows none of them."""
    if is_special(name):
        raise AttributeError(f"'{name}' cannot be set", name=name)


def _table(kind: type) -> Table:
    table: Table = {name: _method(kind, name) for name in METHODS[kind].split()}
    for name, read in READ.get(kind, {}).items():
        table[name] = property(read)
    if kind not in READ:
        table["axes"] = property(lambda artist: artist.axes)
    return table


def _show_one(self: Any, *args: Any, **kwargs: Any) -> None:
    """`fig.show()` and `fig.savefig(name)`."""
    if not isinstance(self, Figure):
        raise TypeError("descriptor 'show' requires a 'Figure' object")
    state().show_one(self)


for _kind in METHODS:
    _title, _home = SHOWN_AS[_kind]
    TABLES[_kind] = _table(_kind)
    LOADERS[_kind] = _load
    SETTERS[_kind] = _store
    _kind.__name__ = _kind.__qualname__ = _title
    _kind.__module__ = _home
TABLES[Figure] |= {"show": _show_one, "savefig": _show_one}
FLAT.update(METHODS)


def _load_left_out(value: LeftOut, name: str) -> Any:
    if is_special(name):
        raise AttributeError(f"'{name}' is not there", name=name)
    return value


LOADERS[LeftOut] = _load_left_out
SETTERS[LeftOut] = _store
NAMES[LeftOut] = lambda value: ()
FLAT.add(LeftOut)


# Colour maps


class MapValue(ColourMap):
    """A colour map that a program calls with numbers, or hands to what draws."""

    def __call__(self, X: Any, *args: Any, **kwargs: Any) -> Any:
        return _called(self.name, ColourMap.colours_of, (self,), (X,), {})


def _map_by_name(name: Any = None, *args: Any) -> Any:
    """`plt.get_cmap("viridis")`."""
    if isinstance(name, MapValue):
        return name
    return MapValue(name if isinstance(name, str) else "viridis")


def _load_map(value: MapValue, name: str) -> Any:
    return value.name if name == "name" else left_out(name)


LOADERS[MapValue] = _load_map
SETTERS[MapValue] = _store
FLAT.add(MapValue)
MapValue.__name__ = MapValue.__qualname__ = "ListedColormap"
MapValue.__module__ = "matplotlib.colors"


def _maps() -> Module:
    def find(wanted: str) -> Any:
        if is_special(wanted):
            return MISSING
        return MapValue(wanted) if is_map(wanted) else left_out(wanted)

    return Module("matplotlib.cm", {"get_cmap": _map_by_name}, find)


# Modules


def _module(name: str, entries: dict[str, Any], tells: bool = True) -> Module:
    """A module whose other names are taken and left out; not told where it is about looks."""

    def find(wanted: str) -> Any:
        if is_special(wanted):
            return MISSING
        return left_out(wanted) if tells else LEFT_OUT

    return Module(name, entries, find)


def _pyplot() -> Module:
    entries: dict[str, Any] = {name: _function(name, True) for name in OF_AXES.split()}
    entries |= {name: _function(name, False) for name in OF_PYPLOT.split()}
    entries |= {name: _shape(name) for name in ("Circle", "Polygon", "Rectangle")}
    entries |= {
        "GridSpec": _grid_spec,
        "Line2D": _shape("Line2D"),
        "get_cmap": _map_by_name,
        "cm": _maps(),
    }
    return _module("matplotlib.pyplot", entries)


def _matplotlib(inner: Callable[[str], Any]) -> Module:
    """The module whose names are modules, which `inner` finds."""

    def find(wanted: str) -> Any:
        found = MISSING if is_special(wanted) else inner(f"matplotlib.{wanted}")
        return left_out(wanted) if found is MISSING and not is_special(wanted) else found

    return Module("matplotlib", {}, find)


def _shapes(name: str, shapes: str) -> Callable[[], Module]:
    return lambda: _module(name, {shape: _shape(shape) for shape in shapes.split()})


def plot_module(name: str, inner: Callable[[str], Any]) -> Module:
    """A module of matplotlib by its name; `inner` finds those that are inside of it."""
    makers: dict[str, Callable[[], Module]] = {
        "matplotlib": lambda: _matplotlib(inner),
        "matplotlib.pyplot": _pyplot,
        "matplotlib.cm": _maps,
        "matplotlib.patches": _shapes("matplotlib.patches", PATCHES),
        "matplotlib.gridspec": lambda: _module(name, {"GridSpec": _grid_spec}),
        "matplotlib.lines": _shapes("matplotlib.lines", "Line2D"),
    }
    make = makers.get(name)
    return _module(name, {}, name not in OF_LOOKS) if make is None else make()
