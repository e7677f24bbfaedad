"""Templates render as Go renders them, or are refused with a place."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burgee.errors import InvalidCanary
from burgee.metrics.gotemplate import TemplateError, Variables, check_syntax, render
from burgee.metrics.template_parser import LONGEST

GO: dict[str, Any] = json.loads(Path(__file__).with_name("go_templates.json").read_text())
NAMES = ("name", "namespace", "target", "service", "ingress", "route", "interval")
GIVEN = Variables(**{name: f"{name}-v" for name in NAMES}, variables={"k": "v1", "a": "b"})


@pytest.mark.parametrize(("template", "rendered"), GO["rendered"])
def test_renders_what_go_renders(template: str, rendered: str) -> None:
    assert rendered == render(template, GIVEN)


@pytest.mark.parametrize("template", GO["refused"])
def test_refuses_what_go_refuses(template: str) -> None:
    with pytest.raises(TemplateError):
        render(template, GIVEN)


@pytest.mark.parametrize("template", GO["refused_by_us_only"])
def test_refuses_what_no_query_can_mean(template: str) -> None:
    with pytest.raises(TemplateError):
        render(template, GIVEN)


def test_missing_variable_is_an_error_with_its_place() -> None:
    with pytest.raises(TemplateError) as caught:
        render('up{\n  code="{{ variables.code }}"\n}', GIVEN)

    assert str(caught.value) == "line 2, column 21: templateVariables has no code"
    assert (caught.value.line, caught.value.column) == (2, 21)
    assert isinstance(caught.value, InvalidCanary)
    assert caught.value.reason == "InvalidTemplate"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        pytest.param("{{ nmae }}", "line 1, column 4: there is no function nmae", id="typo"),
        pytest.param("a\n{{ if true }}", "line 2, column 4: this if has no end", id="no end"),
        pytest.param("{{ .Name }}", "line 1, column 4: .Name: there are no fields", id="field"),
        pytest.param("{{ name", "line 1, column 8: an action never ends", id="open"),
        pytest.param('{{ "a }}', "line 1, column 4: a string never ends", id="string"),
        pytest.param("{{ 'a' }}", "line 1, column 4: character constants", id="character"),
        pytest.param("{{ name; }}", "line 1, column 8: unexpected ';'", id="stray"),
        pytest.param("{{/* a", "line 1, column 1: a comment never ends", id="comment"),
        pytest.param("{{ printf }}", "printf takes at least 1 arguments, not 0", id="arity"),
        pytest.param("{{ range variables }}", "range is not supported", id="range"),
    ],
)
def test_syntax_error_says_what_and_where(template: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        check_syntax(template)

    assert message in str(caught.value)


def test_check_syntax_accepts_what_only_values_can_break() -> None:
    check_syntax("{{ variables.nope }}")

    with pytest.raises(TemplateError):
        render("{{ variables.nope }}", GIVEN)


def test_nesting_has_an_end() -> None:
    for deep in ("{{" + "(" * 5000 + "name" + ")" * 5000 + "}}", "{{ if true }}" * 5000):
        with pytest.raises(TemplateError, match="nested too deep"):
            check_syntax(deep)


def test_nesting_is_not_used_up_by_what_stands_side_by_side() -> None:
    template = "{{ if (eq (len name) 6) }}a{{ else if true }}b{{ end }}" * 200

    assert render(template, GIVEN) == "a" * 200


def test_doubling_text_has_an_end() -> None:
    double = '{{ $x = printf "%s%s" $x $x }}'

    with pytest.raises(TemplateError, match="grows too long"):
        render('{{ $x := "ab" }}' + double * 60, GIVEN)


def test_a_template_has_a_most() -> None:
    room = LONGEST - len("{{ name }}")

    assert len(render(" " * room + "{{ name }}", GIVEN)) == room + len(GIVEN.name)
    with pytest.raises(TemplateError, match="longer than 65536 characters"):
        render(" " * room + "{{ name }}.", GIVEN)
    with pytest.raises(TemplateError, match="longer than 65536 characters"):
        check_syntax("{{ name }}" * LONGEST)


def test_padding_has_an_end() -> None:
    with pytest.raises(TemplateError):
        render('{{ printf "%999999999s" "a" }}', GIVEN)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_values_are_pasted_as_they_are(value: str) -> None:
    given_ = Variables(
        name=value,
        namespace=value,
        target=value,
        service=value,
        ingress=value,
        route=value,
        interval=value,
        variables={"key": value},
    )
    for name in (*NAMES, "variables.key", 'index variables "key"', f'{NAMES[0]} | printf "%s"'):
        assert f'm{{x="{value}"}}' == render(f'm{{x="{{{{ {name} }}}}"}}', given_)


@settings(deadline=None)
@given(st.text(max_size=60).filter(lambda text: "{{" not in text and not text.endswith("{")))
def test_text_without_actions_stays_as_it_is(text: str) -> None:
    assert text == render(text, GIVEN)

    assert f"{text}name-v" == render(f"{text}{{{{ name }}}}", GIVEN)


PIECES = st.sampled_from([
    "{{", "}}", "{{-", "-}}", " ", "\n", "if", "else", "end", "eq", "printf", "index", "name", "variables",
    ".k", ".", "$x", ":=", "=", "|", "(", ")", '"%s"', '"%d"', "`a`", "1", "1.5", "-", "/*", "*/",
    "true", "nil", '"', "\\", "and", "not", "len", "x", "é", "\x00",
])  # fmt: skip


def rendered_or_place(template: str) -> str | tuple[int, int]:
    try:
        return render(template, GIVEN)
    except TemplateError as error:
        return error.line, error.column


@settings(deadline=None)
@given(st.lists(PIECES, max_size=25))
def test_no_template_does_worse_than_be_refused(pieces: list[str]) -> None:
    for template in ("".join(pieces), "{{ " + " ".join(pieces) + " }}"):
        match rendered_or_place(template):
            case str() as rendered:
                check_syntax(template)
                assert rendered_or_place(template) == rendered
            case line, column:
                assert 1 <= line <= template.count("\n") + 1
                assert 1 <= column <= len(template) + 1
