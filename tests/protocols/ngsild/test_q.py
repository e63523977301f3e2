from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talwerk.core.errors import DomainError, Fault
from talwerk.core.instants import EARLIEST, LATEST, format_instant
from talwerk.core.query import (
    LINKS_MAX,
    OWN,
    And,
    Compare,
    Exists,
    Filter,
    Linked,
    Matches,
    Moment,
    Operand,
    Operator,
    Or,
    Path,
    Range,
)
from talwerk.protocols.ngsild.contexts import core_context
from talwerk.protocols.ngsild.q import MEMBERS, parse_q

expand, compact = core_context().expand, core_context().compact


def parsed(text: str) -> Filter:
    return parse_q(text, expand)


def faulted(text: str) -> Fault:
    with pytest.raises(DomainError) as raised:
        parsed(text)
    assert raised.value.where == "q"
    return raised.value.fault


# A printer of filters, the counterpart of the parser.


def printed(condition: Filter, within: str = "") -> str:
    match condition:
        case Exists() | Compare() | Matches() | Linked():
            return "".join(printed_term(condition))
        case And(items):
            text = ";".join(printed(item, "and") for item in items)
        case Or(items):
            text = "|".join(printed(item, "or") for item in items)
        case _:
            raise AssertionError(condition)
    return f"({text})" if within else text


def printed_term(condition: Filter) -> tuple[str, str]:
    """The path of a term, and what is asked of it: that stands behind the braces of all links."""
    match condition:
        case Exists(path):
            return printed_path(path), ""
        case Compare(path, operator, operands):
            return printed_path(path), operator.value + ",".join(map(printed_operand, operands))
        case Matches(path, pattern, negated):
            quoted = pattern.replace('"', '\\"')
            return printed_path(path), f'{"!" if negated else ""}~="{quoted}"'
        case Linked(path, types, item):
            inner, asked = printed_term(item)
            return f"{printed_path(path)}{{{','.join(map(compact, types))}{':' if types else ''}{inner}}}", asked
    raise AssertionError(condition)


def printed_path(path: Path) -> str:
    text = ".".join(map(compact, (path.attribute, *path.via)))
    if path.attribute == OWN:
        return str(path.sub)
    if path.sub is not None:
        text += "." + (path.sub if path.sub in MEMBERS else compact(path.sub))
    return text + (f"[{'.'.join(path.trail)}]" if path.trail else "")


def printed_operand(operand: Operand | Range) -> str:
    match operand:
        case bool():
            return "true" if operand else "false"
        case int() | float():
            return json.dumps(operand)
        case str():
            return json.dumps(operand, ensure_ascii=False)
        case Moment(at):
            return format_instant(at)
        case Range(low, high):
            return f"{printed_operand(low)}..{printed_operand(high)}"


names = st.text(string.ascii_letters + string.digits + "_äöü-", min_size=1, max_size=8).filter(
    lambda name: name not in {"id", "type", "scope", "createdAt", "modifiedAt"}
)
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
moments = st.integers(EARLIEST, LATEST - 1).map(Moment)
ranges = st.builds(Range, numbers, numbers) | st.builds(Range, texts, texts) | st.builds(Range, moments, moments)
paths = (
    st.builds(
        Path,
        names.map(expand),
        st.none() | st.sampled_from(sorted(MEMBERS)) | names.map(expand),
        st.lists(names, max_size=3).map(tuple),
    )
    | st.builds(
        Path,
        names.map(expand),
        st.sampled_from(sorted(MEMBERS)) | names.map(expand),
        st.lists(names, max_size=1).map(tuple),
        st.lists(names.map(expand), max_size=2).map(tuple),
    )
    | st.sampled_from([Path(OWN, "createdAt"), Path(OWN, "modifiedAt")])
)
patterns = st.sampled_from(["", "a|b", r"^\d+\.", '"', "(x);y,z", "(?i)größe"])
comparisons = st.builds(
    Compare,
    paths,
    st.sampled_from([Operator.EQUAL, Operator.UNEQUAL]),
    st.lists(st.booleans() | numbers | texts | moments | ranges, min_size=1, max_size=3).map(tuple),
) | st.builds(
    Compare,
    paths,
    st.sampled_from([Operator.LESS, Operator.LESS_EQUAL, Operator.GREATER, Operator.GREATER_EQUAL]),
    st.tuples(numbers | texts | moments),
)
terms: st.SearchStrategy[Filter] = (
    st.builds(Exists, paths) | comparisons | st.builds(Matches, paths, patterns, st.booleans())
)
relationships = st.builds(Path, names.map(expand), st.none() | names.map(expand))
links = st.lists(st.tuples(relationships, st.lists(names.map(expand), max_size=2).map(tuple)), max_size=LINKS_MAX)


def linked(term: Filter, path: list[tuple[Path, tuple[str, ...]]]) -> Filter:
    for relationship, types in path:
        term = Linked(relationship, types, term)
    return term


filters = st.recursive(
    terms | st.builds(linked, terms, links),
    lambda inner: (
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=8,
)


@given(filters)
def test_what_is_printed_is_read_again(condition: Filter) -> None:
    assert parsed(printed(condition)) == condition


@given(st.text(max_size=60) | st.text('ab.;|()[]{}<>=!~,"\\10-:TZ ', max_size=40))
def test_garbage_is_refused_and_nothing_worse(text: str) -> None:
    try:
        parsed(text)
    except DomainError as error:
        assert error.fault in {Fault.INVALID_REQUEST, Fault.NOT_SUPPORTED, Fault.TOO_COMPLEX}  # noqa: PT017


def attribute(name: str) -> Path:
    return Path(expand(name))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("speed", Exists(attribute("speed"))),
        ("speed==50", Compare(attribute("speed"), Operator.EQUAL, (50,))),
        ("a;b|c", Or((And((Exists(attribute("a")), Exists(attribute("b")))), Exists(attribute("c"))))),
        ("a;(b|c)", And((Exists(attribute("a")), Or((Exists(attribute("b")), Exists(attribute("c"))))))),
        ("brand!=\"Mercedes\"", Compare(attribute("brand"), Operator.UNEQUAL, ("Mercedes",))),
        ('colour=="black","red"', Compare(attribute("colour"), Operator.EQUAL, ("black", "red"))),
        ("t==-3.5..2e1", Compare(attribute("t"), Operator.EQUAL, (Range(-3.5, 20.0),))),
        ("parked==false", Compare(attribute("parked"), Operator.EQUAL, (False,))),
        ("owner==urn:ngsi-ld:P:1", Compare(attribute("owner"), Operator.EQUAL, ("urn:ngsi-ld:P:1",))),
        ("day==2018-12-04", Compare(attribute("day"), Operator.EQUAL, ("2018-12-04",))),
        ("at==12:00:00Z", Compare(attribute("at"), Operator.EQUAL, ("12:00:00Z",))),
        (
            "t.observedAt>=2020-01-01T00:00:00+01:00",
            Compare(Path(expand("t"), "observedAt"), Operator.GREATER_EQUAL, (Moment(1_577_833_200_000_000),)),
        ),
        ('address[city.name]=="B"', Compare(Path(expand("address"), None, ("city", "name")), Operator.EQUAL, ("B",))),
        ("a.b.c==1", Compare(Path(expand("a"), expand("c"), (), (expand("b"),)), Operator.EQUAL, (1,))),
        ("createdAt", Exists(Path(OWN, "createdAt"))),
        ('name~="^a;b|c\\d"', Matches(attribute("name"), "^a;b|c\\d")),
        ("name!~=x.*", Matches(attribute("name"), "x.*", negated=True)),
        (
            "sensor{humidity}==40",
            Linked(attribute("sensor"), (), Compare(attribute("humidity"), Operator.EQUAL, (40,))),
        ),
        (
            'a{T,U:b.c{V:d[e]}}!="x";f',
            And(
                (
                    Linked(
                        attribute("a"),
                        (expand("T"), expand("U")),
                        Linked(
                            Path(expand("b"), expand("c")),
                            (expand("V"),),
                            Compare(Path(expand("d"), None, ("e",)), Operator.UNEQUAL, ("x",)),
                        ),
                    ),
                    Exists(attribute("f")),
                )
            ),
        ),
        ("a{https://x.example/b.c}", Linked(attribute("a"), (), Exists(Path("https://x.example/b.c")))),
        (
            "a{https://x.example/T:https://x.example/b}",
            Linked(attribute("a"), ("https://x.example/T",), Exists(Path("https://x.example/b"))),
        ),
        ("a{T:createdAt}", Linked(attribute("a"), (expand("T"),), Exists(Path(OWN, "createdAt")))),
        ("https://x.example/a.b==1", Compare(Path("https://x.example/a.b"), Operator.EQUAL, (1,))),
    ],
)  # fmt: skip
def test_examples(text: str, expected: Filter) -> None:
    assert parsed(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", " ", "a==", "a=1", "a===1", "(a", "a)", "a;;b", "a;", "|a", "a>true", "a==b", "a=='b'", 'a=="b', "a==1..",
     "a==1..true", 'a==1.."b"', "a>1..2", "a[", "a[]", "a[b", "a.", ".a", 'a=="\\x"', "a==1e999", "a==NaN",
     "a==99999999999999999999", "a==2020-13-01T00:00:00Z", "a!", "a b", "a==1 or 1=1", 'a=="x"; DROP TABLE entity',
     "a{b", "a{b}}", "a{}", "a{T:}", "a{T,U}", "a{T,U,:b}", "a{:b}", "a[b]{c}", "createdAt{c}", "a.datasetId{c}",
     "a{b==1}", "a{b}.c==1", "a{b}[c]", "a{b;c}", "a{b}{c}", "{b}",
     "a~=", "a~=(b)", 'a~="(b"', 'a~="b', "\x01==1", "a==\x00"],
)  # fmt: skip
def test_broken_texts(text: str) -> None:
    assert faulted(text) is Fault.INVALID_REQUEST


@pytest.mark.parametrize(
    "text",
    ["id==urn:x:y", "(b==1;a{T:id})|c", "a{id}"],
)
def test_what_is_not_supported_yet(text: str) -> None:
    assert faulted(text) is Fault.NOT_SUPPORTED


def test_bounds() -> None:
    assert faulted("(" * 30 + "a" + ")" * 30) is Fault.TOO_COMPLEX
    assert faulted(";".join(["a"] * 300)) is Fault.TOO_COMPLEX
    assert faulted("a" * 9_000) is Fault.TOO_COMPLEX
    assert faulted("a" + "{a" * 100) is Fault.TOO_COMPLEX
    assert faulted("a" + "{a" * (LINKS_MAX + 1) + "}" * (LINKS_MAX + 1)) is Fault.TOO_COMPLEX
    assert faulted("a" + ".a" * 100) is Fault.TOO_COMPLEX


def test_values_that_are_names() -> None:
    condition = parse_q('a{kind}=="monument";other=="monument"', expand, frozenset({"kind"}))
    assert isinstance(condition, And)
    link, second = condition.items
    assert isinstance(link, Linked)
    first = link.item
    assert isinstance(first, Compare)
    assert isinstance(second, Compare)
    assert first.operands == (expand("monument"),)
    assert second.operands == ("monument",)
