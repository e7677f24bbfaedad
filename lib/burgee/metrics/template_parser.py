"""Tokens to tree. Names and variables are resolved here, so that a typo shows without rendering.

Source: the syntax of Go's text/template (its documentation). Of its actions, if and variables
are understood; range, with, define and the like are refused by name: no query needs them.
"""

from functools import lru_cache

from burgee.metrics.template_functions import ARITY
from burgee.metrics.template_literals import number, unquote
from burgee.metrics.template_nodes import (
    Branch,
    Field,
    Function,
    Literal,
    Node,
    Operand,
    Pipeline,
    Text,
    Variable,
)
from burgee.metrics.template_tokens import Kind, TemplateError, Token, tokens

LONGEST = 65_536
"""Characters of a template."""

_LONGEST_KEPT = 8_192
_DEEPEST = 50
_UNSUPPORTED = frozenset(
    {"block", "break", "continue", "define", "nil", "range", "template", "with"}
)
_WORDS = frozenset({"else", "end", "if"})


def parse(template: str, names: frozenset[str]) -> tuple[Node, ...]:
    """The tree of a template.

    Args:
        template: the text.
        names: functions without arguments that exist besides the built-in ones.

    Raises:
        TemplateError: it is not a template, it uses what does not exist, or is too long: no server
            takes such a query, and its tree takes forty times its room.
    """
    if len(template) > LONGEST:
        raise TemplateError(f"it is longer than {LONGEST} characters", template, LONGEST)
    read = _kept if len(template) <= _LONGEST_KEPT else _read
    return read(template, names)


def _read(template: str, names: frozenset[str]) -> tuple[Node, ...]:
    return _Parser(template, names).whole()


_kept = lru_cache(maxsize=256)(_read)


class _Parser:
    """Recursive descent over the tokens; `_declared` are the variables in scope."""

    def __init__(self, template: str, names: frozenset[str]) -> None:
        self._template = template
        self._names = names
        self._tokens = list(tokens(template))
        self._next = 0
        self._declared: list[str] = []
        self._depth = 0

    def whole(self) -> tuple[Node, ...]:
        nodes, ended_by = self._nodes()
        if ended_by.kind is not Kind.END:
            raise self._error(f"unexpected {{{{ {ended_by.text} }}}}", ended_by)
        return nodes

    def _nodes(self) -> tuple[tuple[Node, ...], Token]:
        """Everything up to the end, or up to an `else` or `end`, which is taken as well."""
        nodes: list[Node] = []
        while True:
            token = self._take()
            if token.kind is Kind.END:
                return tuple(nodes), token
            if token.kind is Kind.TEXT:
                nodes.append(Text(token.text))
                continue
            word = self._peek()
            if word.kind is Kind.NAME and word.text in _WORDS:
                self._take()
                if word.text != "if":
                    return tuple(nodes), word
                nodes.append(self._branch(word))
            else:
                nodes.append(self._pipeline(Kind.CLOSE, word, may_declare=True))

    def _branch(self, word: Token) -> Branch:
        """What follows the word `if`, through its `end`."""
        in_scope = len(self._declared)
        self._deeper(word)
        condition = self._pipeline(Kind.CLOSE, word, may_declare=True)
        with_condition = len(self._declared)
        then, ended_by = self._nodes()
        del self._declared[with_condition:]
        otherwise: tuple[Node, ...] = ()
        if ended_by.text == "else":
            following = self._peek()
            if following.kind is Kind.NAME and following.text == "if":
                otherwise = (self._branch(self._take()),)
                ended_by = following
            else:
                self._expect(Kind.CLOSE)
                otherwise, ended_by = self._nodes()
                self._end(word, ended_by)
        else:
            self._end(word, ended_by)
        del self._declared[in_scope:]
        self._depth -= 1
        return Branch(condition, then, otherwise)

    def _end(self, word: Token, ended_by: Token) -> None:
        if ended_by.kind is Kind.END:
            raise self._error("this if has no end", word)
        if ended_by.text != "end":
            raise self._error("a second else", ended_by)
        self._expect(Kind.CLOSE)

    def _pipeline(self, closing: Kind, start: Token, *, may_declare: bool = False) -> Pipeline:
        """Everything through `closing`, which is taken."""
        self._deeper(start)
        variable, operator = "", self._tokens[self._next + 1]
        if self._peek().kind is Kind.VARIABLE and operator.kind in {Kind.DECLARE, Kind.ASSIGN}:
            target = self._take()
            variable = target.text
            if not may_declare or variable == "$":
                raise self._error("a value cannot be kept here", target)
            if operator.kind is Kind.ASSIGN:
                self._known(target)
            self._take()
        commands = [self._command(first=True)]
        while self._peek().kind is Kind.PIPE:
            self._take()
            commands.append(self._command(first=False))
        self._expect(closing)
        declares = bool(variable) and operator.kind is Kind.DECLARE
        if declares:
            self._declared.append(variable)
        self._depth -= 1
        return Pipeline(tuple(commands), start.at, variable, declares)

    def _command(self, *, first: bool) -> tuple[Operand, ...]:
        start = self._peek()
        operands: list[Operand] = []
        while self._peek().kind not in {Kind.CLOSE, Kind.PIPE, Kind.RIGHT}:
            operands.append(self._operand(after_another=bool(operands)))
        if not operands:
            raise self._error(f"a value is missing before {start.text}", start)
        for operand in operands[1:]:
            self._count(operand, given=0)
        head = operands[0]
        if isinstance(head, Function):
            self._count(head, given=len(operands) - 1 + (not first))
        elif len(operands) > 1 or not first:
            raise self._error("only a function takes arguments", start)
        return tuple(operands)

    def _count(self, function: Operand, *, given: int) -> None:
        if not isinstance(function, Function):
            return
        least, most = (0, 0) if function.name in self._names else ARITY[function.name]
        if given < least or (most is not None and given > most):
            wants = f"at least {least}" if most is None else str(least)
            raise TemplateError(
                f"{function.name} takes {wants} arguments, not {given}",
                self._template,
                function.at,
            )

    def _operand(self, *, after_another: bool) -> Operand:
        token = self._take()
        if after_another and not token.spaced:
            raise self._error(f"white space is missing before {token.text}", token)
        operand = self._term(token)
        while self._peek().kind is Kind.FIELD and not self._peek().spaced:
            field = self._take()
            if isinstance(operand, Literal) or field.text == ".":
                raise self._error(f"unexpected {field.text}", field)
            self._count(operand, given=0)
            operand = Field(operand, field.text[1:], field.at)
        return operand

    def _term(self, token: Token) -> Operand:
        match token.kind:
            case Kind.NAME:
                return self._name(token)
            case Kind.VARIABLE:
                self._known(token)
                return Variable(token.text, token.at)
            case Kind.QUOTED | Kind.NUMBER:
                read = unquote if token.kind is Kind.QUOTED else number
                try:
                    return Literal(read(token.text), token.at)
                except ValueError as error:
                    raise self._error(str(error), token) from error
            case Kind.RAW:
                return Literal(token.text[1:-1], token.at)
            case Kind.LEFT:
                return self._pipeline(Kind.RIGHT, token)
            case Kind.FIELD:
                raise self._error(
                    f"{token.text}: there are no fields, write the name without a dot", token
                )
            case _:
                raise self._error(f"unexpected {token.text or token.kind}", token)

    def _name(self, token: Token) -> Operand:
        if token.text in {"true", "false"}:
            return Literal(token.text == "true", token.at)
        if token.text in _UNSUPPORTED:
            raise self._error(f"{token.text} is not supported", token)
        if token.text not in self._names and token.text not in ARITY:
            raise self._error(f"there is no function {token.text}", token)
        return Function(token.text, token.at)

    def _known(self, token: Token) -> None:
        if token.text not in self._declared:
            raise self._error(f"variable {token.text} was not declared", token)

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._error("nested too deep", token)

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _expect(self, kind: Kind) -> None:
        token = self._take()
        if token.kind is not kind:
            raise self._error(f"unexpected {token.text or token.kind}, {kind} was due", token)

    def _error(self, message: str, token: Token) -> TemplateError:
        return TemplateError(message, self._template, token.at)
