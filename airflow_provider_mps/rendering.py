"""How the templated fields of this package's operators and sensors are rendered.

Airflow turns what a template finds into text, and None into the word ``None``: a prompt, a key or a folder of that name
would be sent, and paid for. With ``render_template_as_native_obj`` it goes the other way, and reads text as Python: the
prompt ``2024, 2025`` becomes two numbers, the key ``007`` a syntax error or a 7. Here an expression that gives None is
noted, also behind a filter such as ``trim``, between ``~`` or in ``'{}'.format()``, and a text stays the text that it
is, with and without native rendering.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterable, Sequence
from functools import cache, wraps
from string import Formatter
from typing import Any, ClassVar

from jinja2.filters import FILTERS, make_attrgetter

from airflow_provider_mps.compat import TemplateRendering
from airflow_provider_mps.exceptions import InvalidArgumentError
from airflow_provider_mps.storage.masking import mask_rendered_fields


class TemplatedFields(TemplateRendering):
    """For operators and sensors: notes templates that found nothing, keeps texts as they are, masks signed addresses.

    Each field is rendered on its own, so that what is noted can be said of it.
    """

    template_fields: Any
    container_fields: ClassVar[Sequence[str]] = ()
    """The fields that take a list or a dict: with native rendering, and in these alone, a text is read as one."""
    _found_nothing: tuple[str, ...] = ()
    _rendered_field = ""

    def check_found(self) -> None:
        """Check that no template has found nothing.

        :raises InvalidArgumentError: an expression in a template gave None; the message names the arguments
        """
        if self._found_nothing:
            names = ", ".join(self._found_nothing)
            raise InvalidArgumentError(
                f"{names}: a template found nothing (None), and nothing was sent. Check what it refers to, such as the "
                "key of an XCom; '{{ value | string }}' gives the word None"
            )

    def render_fields(
        self, parent: Any, names: Iterable[str], jinja_env: Any, render_field: Callable[[str, Any], None]
    ) -> None:
        """Render the templated fields one by one, and note those with a template that found nothing."""
        nothing: list[str] = []

        def note(value: Any) -> Any:
            if _is_nothing(value) and self._rendered_field not in nothing:
                nothing.append(self._rendered_field)
            return value

        env = _marking_nothing(jinja_env.overlay(finalize=note))
        for name in names:
            self._rendered_field = name
            render_field(name, env)
        mask_rendered_fields(parent, self.template_fields)
        parent._found_nothing = tuple(nothing)

    def render_native(self, template: Any, context: Any) -> Any:
        """Render a text to a text, to the list or dict that it is in a field of these, or to the one value in it."""
        nodes = _evaluate(template, context)
        if len(nodes) == 1 and not isinstance(nodes[0], str):
            return nodes[0]
        text = "".join(map(str, nodes))
        return _container(text) if self._rendered_field in self.container_fields else text


class _Nothing(str):
    """A text that a filter or an operator has made of None. What is compared or tested only is never noted."""

    __slots__ = ()


# Filters that write None as a word. ``string`` is left as it is, for whoever wants the word.
_TEXT_FILTERS = (
    "capitalize",
    "center",
    "e",
    "escape",
    "forceescape",
    "format",
    "lower",
    "pprint",
    "replace",
    "safe",
    "striptags",
    "title",
    "trim",
    "upper",
    "urlencode",
)


def _is_nothing(value: Any) -> bool:
    return value is None or isinstance(value, _Nothing)


def _marking_nothing(env: Any) -> Any:
    """Let filters and operators of an environment mark what they make of None; a DAG's own filters stay as they are."""
    marked = {name: _marked(FILTERS[name]) for name in _TEXT_FILTERS} | {"join": _marked_join(FILTERS["join"])}
    env.filters = {
        **env.filters,
        **{name: filter_ for name, filter_ in marked.items() if env.filters.get(name) is FILTERS[name]},
        "mps_concat": lambda *values: _mark(values, "".join(map(str, values))),
        "mps_modulo": lambda left, right: _mark(right if isinstance(right, tuple) else (right,), left % right),
    }
    env.code_generator_class = _with_marks(env.code_generator_class)
    if env.sandboxed:
        # Templates call what they call by way of it.
        env.call = _marked_call(env.call)
    else:
        env.context_class = _with_marked_calls(env.context_class)
    return env


def _mark(values: Iterable[Any], result: Any) -> Any:
    return _Nothing(result) if isinstance(result, str) and any(map(_is_nothing, values)) else result


def _marked(text_filter: Any) -> Any:
    @wraps(text_filter)
    def marked(*given: Any, **more: Any) -> Any:
        result = text_filter(*given, **more)
        if text_filter is FILTERS["format"]:
            return _mark((*given, *more.values()), result)
        # The text comes behind the environment, for filters that ask for one.
        return _mark(given[1:2] if hasattr(text_filter, "jinja_pass_arg") else given[:1], result)

    return marked


def _marked_join(join: Any) -> Any:
    @wraps(join)
    def marked(context: Any, value: Iterable[Any], d: str = "", attribute: Any = None) -> Any:
        items = list(value)
        if attribute is not None:
            get: Any = make_attrgetter(context.environment, attribute)
            items = [get(item) for item in items]
        return _mark(items, join(context, items, d))

    return marked


class _Noting(Formatter):
    """Formats as ``str.format`` does, and notes what it is given."""

    def __init__(self) -> None:
        self.found: list[Any] = []

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> Any:
        """Return the value of a field, such as ``0`` or ``run[key]``."""
        field = super().get_field(field_name, args, kwargs)
        self.found.append(field[0])
        return field


def _mark_called(called: Any, args: Any, kwargs: Any, result: Any) -> Any:
    """Mark what a method of a text has made of None."""
    # A sandbox wraps what formats.
    called = getattr(called, "__wrapped__", called)
    text, name = getattr(called, "__self__", None), getattr(called, "__name__", "")
    if not isinstance(text, str) or not isinstance(result, str):
        return result
    found: list[Any] = [text]
    if name in ("format", "format_map"):
        noting = _Noting()
        noting.vformat(text, () if name == "format_map" else args, args[0] if name == "format_map" else kwargs)
        found += noting.found
    return _mark(found, result)


def _marked_call(call: Any) -> Any:
    def marked(context: Any, called: Any, /, *args: Any, **kwargs: Any) -> Any:
        return _mark_called(called, args, kwargs, call(context, called, *args, **kwargs))

    return marked


@cache
def _with_marked_calls(context_class: Any) -> Any:
    """Return a context whose calls are marked, for an environment without a sandbox."""

    class Marking(context_class):  # type: ignore[misc]
        def call(self, called: Any, /, *args: Any, **kwargs: Any) -> Any:
            return _mark_called(called, args, kwargs, super().call(called, *args, **kwargs))

    return Marking


@cache
def _with_marks(generator: Any) -> Any:
    """Return a generator of code whose ``~`` and ``%`` are filters; Jinja gives no other way to them."""

    class Marking(generator):  # type: ignore[misc]
        def visit_Concat(self, node: Any, frame: Any) -> None:
            self._call("mps_concat", node.nodes, frame)

        def visit_Mod(self, node: Any, frame: Any) -> None:
            self._call("mps_modulo", (node.left, node.right), frame)

        def _call(self, name: str, nodes: Iterable[Any], frame: Any) -> None:
            self.write(f"environment.filters[{name!r}](")
            for node in nodes:
                self.visit(node, frame)
                self.write(", ")
            self.write(")")

    return Marking


def _evaluate(template: Any, context: Any) -> list[Any]:
    """Return the parts of a rendered template, as Airflow evaluates it: without reading all of the context."""
    env, values = template.environment, copy.copy(context)
    values.update({name: value for name, value in template.globals.items() if name not in values})
    try:
        return list(template.root_render_func(env.context_class(env, values, template.name, template.blocks)))
    except Exception:
        env.handle_exception()
        raise


def _container(text: str) -> Any:
    """Return the list or dict that a text is in Python; the text itself if it is none."""
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return value if isinstance(value, list | dict | tuple) else text
