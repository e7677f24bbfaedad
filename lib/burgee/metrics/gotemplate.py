"""Render query templates: the part of Go's text/template that Flagger's documentation uses.

Values are functions without arguments (`{{ namespace }}`, `{{ variables.key }}`), pasted as text
without any quoting, as Flagger does. Pure: no file, no clock, no code of the template's author
is run, and both depth and size are bounded.

Source: flagger pkg/metrics/observers/render.go (names, missingkey=error).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from burgee.metrics.template_functions import FUNCTIONS, FunctionError, text_of
from burgee.metrics.template_nodes import (
    Branch,
    Field,
    Function,
    Literal,
    Node,
    Operand,
    Pipeline,
    Text,
    Value,
    Variable,
)
from burgee.metrics.template_parser import parse
from burgee.metrics.template_tokens import TemplateError

__all__ = ["TemplateError", "Variables", "check_syntax", "render"]

_LONGEST = 1_048_576
"""Characters that all expressions of a template may make together."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Variables:
    """What a template can name.

    Attributes:
        name: of the Canary.
        target: name of the target workload.
        service: name of the apex Service.
        interval: of the metric, as written ("1m").
        variables: templateVariables of the metric.
    """

    name: str
    namespace: str
    target: str
    service: str
    ingress: str
    route: str
    interval: str
    variables: Mapping[str, str] = field(default_factory=dict[str, str])

    def values(self) -> Mapping[str, Value]:
        """By the name that templates use."""
        return {
            "name": self.name,
            "namespace": self.namespace,
            "target": self.target,
            "service": self.service,
            "ingress": self.ingress,
            "route": self.route,
            "interval": self.interval,
            "variables": self.variables,
        }


_NAMES = frozenset(Variables.__slots__)


def check_syntax(template: str) -> None:
    """Raise what `render` would raise whatever the values are.

    Raises:
        TemplateError: it is not a template, or it uses what does not exist.
    """
    parse(template, _NAMES)


def render(template: str, variables: Variables) -> str:
    """The text of a template.

    Raises:
        TemplateError: it is not a template, names a templateVariable that is not given, calls a
            function with what it cannot take, or grows out of bounds.
    """
    nodes = parse(template, _NAMES)
    return _Rendering(template, variables.values()).text(nodes)


class _Rendering:
    """One rendering; `_kept` are the variables in scope, innermost last."""

    def __init__(self, template: str, values: Mapping[str, Value]) -> None:
        self._template = template
        self._values = values
        self._kept: list[tuple[str, Value]] = []
        self._left = _LONGEST

    def text(self, nodes: Iterable[Node]) -> str:
        return "".join(self._parts(nodes))

    def _parts(self, nodes: Iterable[Node]) -> Iterable[str]:
        for node in nodes:
            match node:
                case Text(text):
                    yield text
                case Pipeline():
                    value = self._pipeline(node)
                    if not node.variable:
                        yield self._spent(text_of(value), node.at)
                case _:
                    yield self._branch(node)

    def _branch(self, branch: Branch) -> str:
        in_scope = len(self._kept)
        chosen = branch.then if self._pipeline(branch.condition) else branch.otherwise
        text = self.text(chosen)
        del self._kept[in_scope:]
        return text

    def _pipeline(self, pipeline: Pipeline) -> Value:
        value = self._command(pipeline.commands[0], ())
        for command in pipeline.commands[1:]:
            value = self._command(command, (value,))
        if pipeline.declares:
            self._kept.append((pipeline.variable, value))
        elif pipeline.variable:
            self._kept[self._place(pipeline.variable)] = (pipeline.variable, value)
        return value

    def _command(self, command: tuple[Operand, ...], piped: tuple[Value, ...]) -> Value:
        head = command[0]
        if not isinstance(head, Function) or head.name in self._values:
            return self._operand(head)
        if head.name in {"and", "or"}:
            return self._lazy(head.name, command[1:], piped)
        arguments = [self._operand(operand) for operand in command[1:]]
        try:
            value = FUNCTIONS[head.name](*arguments, *piped)
        except FunctionError as error:
            raise TemplateError(str(error), self._template, head.at) from error
        return self._spent(value, head.at) if isinstance(value, str) else value

    def _spent(self, text: str, at: int) -> str:
        """The text, counted: a variable pasted into itself doubles with each turn."""
        self._left -= len(text)
        if self._left < 0:
            raise TemplateError("the text grows too long", self._template, at)
        return text

    def _lazy(self, name: str, operands: tuple[Operand, ...], piped: tuple[Value, ...]) -> Value:
        """`and` yields its first empty value, `or` its first other one; the rest is not run."""
        value: Value = ""
        for operand in operands:
            value = self._operand(operand)
            if bool(value) is (name == "or"):
                return value
        return piped[0] if piped else value

    def _operand(self, operand: Operand) -> Value:
        match operand:
            case Literal(value):
                return value
            case Variable(name):
                return self._kept[self._place(name)][1]
            case Function(name):
                return (
                    self._values[name] if name in self._values else self._command((operand,), ())
                )
            case Field():
                return self._field(operand)
            case _:
                return self._pipeline(operand)

    def _field(self, field_: Field) -> Value:
        container = self._operand(field_.operand)
        if not isinstance(container, Mapping):
            raise TemplateError(f"text has no {field_.key}", self._template, field_.at)
        if field_.key not in container:
            raise TemplateError(
                f"templateVariables has no {field_.key}", self._template, field_.at
            )
        return container[field_.key]

    def _place(self, name: str) -> int:
        places = range(len(self._kept) - 1, -1, -1)
        return next(place for place in places if self._kept[place][0] == name)
