"""What import-linter cannot say: folders that see only some others, cycles, late imports, who issues a Scope."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import TopologicalSorter
from typing import NamedTuple

import grimp
import pytest

from tests.architecture.sources import PACKAGE, modules, named, parsed, type_of_function


class LateImport(NamedTuple):
    """An import inside a function."""

    where: str
    what: str
    why: str


# The only imports that may stand inside functions, because they cost time at start or need an extra.
LATE_IMPORTS: tuple[LateImport, ...] = (
    LateImport("app/web.py", "talwerk.app.backstage", "it goes with the pages"),
    LateImport("app/web.py", "talwerk.portal.routes", "commands that only write need no pages: 60 ms"),
    LateImport("app/web.py", "talwerk.portal.site.knowledge", "the same"),
    LateImport("app/web.py", "talwerk.portal.about.sign_files", "the same"),
    LateImport("app/web.py", "talwerk.portal.crisis.door", "the same"),
    LateImport("app/web.py", "talwerk.portal.crisis.making", "the same"),
    LateImport("app/warned.py", "talwerk.portal.crisis.making", "the same, for commands"),
    LateImport("portal/crisis/page.py", "markupsafe", "it comes with the templates"),
    LateImport("app/web.py", "talwerk.protocols", "the same for protocols"),
    LateImport("app/web.py", "talwerk.protocols.http", "the same"),
    LateImport("app/web.py", "talwerk.protocols.http.outgoing", "the same"),
    LateImport("app/feeds.py", "talwerk.twin.run", "60 ms, for cities that are simulated"),
    LateImport("app/feeds.py", "talwerk.twin.sending", "the same"),
    LateImport("app/feeds.py", "talwerk.twin.server", "the same"),
    LateImport("app/feeds.py", "talwerk.twin.addresses", "the same"),
    LateImport("app/feeds.py", "talwerk.twin.pace", "the same"),
    LateImport("app/feeds.py", "talwerk.twin.twin", "the same"),
    LateImport("services/outgoing.py", "httpx2", "110 ms and 8 MB, for cities that ask others"),
    LateImport("services/sources/fetching.py", "httpx2", "the same, with the first poll"),
    LateImport("protocols/http/outgoing.py", "httpx2", "110 ms and 8 MB, for cities whose clients bring own @contexts"),
    LateImport("core/geometry.py", "geographiclib.geodesic", "6 ms, paid with the first distance"),
    LateImport("core/geometry.py", "shapely", "100 ms and 20 MB, paid with the first relation of geometries"),
    LateImport("services/places/search.py", "rapidfuzz", "20 ms, paid with the first search for an address"),
    LateImport("services/territory/areas.py", "shapely", "the same"),
    LateImport(
        "services/territory/update.py", "httpx2", "110 ms and 8 MB, for the command that fetches official files"
    ),
    LateImport("services/territory/cells.py", "shapely", "the same"),
    LateImport("services/territory/cells.py", "shapely.geometry", "the same"),
    LateImport("portal/frame/phrases.py", "babel.dates", "70 ms, paid with the first page instead of at the start"),
    LateImport("portal/frame/phrases.py", "babel.numbers", "the same"),
    LateImport("portal/frame/render.py", "jinja2", "130 ms, the same"),
)

# Folders that see only themselves and these.
SEE_ONLY = {
    "talwerk.connectors": ("talwerk.sdk", "talwerk.core"),
    "talwerk.themes": ("talwerk.sdk", "talwerk.core"),
    "talwerk.sdk": ("talwerk.core",),
}


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("talwerk", cache_dir=None)


def inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def imports_of(package: str) -> set[tuple[str, str]]:
    """Who inside a package imports what of ours outside it."""
    return {
        (module, target)
        for module in graph().modules
        if inside(module, package)
        for target in graph().find_modules_directly_imported_by(module)
        if not inside(target, package)
    }


@pytest.mark.parametrize("package", SEE_ONLY)
def test_plug_ins_see_only_declarations(package: str) -> None:
    beyond = {
        (module, target)
        for module, target in imports_of(package)
        if not any(inside(target, seen) for seen in SEE_ONLY[package])
    }
    assert not beyond


def test_protocols_know_of_each_other_only_http() -> None:
    protocols = {module for module in graph().modules if module.rpartition(".")[0] == "talwerk.protocols"}
    crossing = {
        (module, target)
        for protocol in protocols
        for module, target in imports_of(protocol)
        if inside(target, "talwerk.protocols") and not inside(target, "talwerk.protocols.http")
    }
    assert not crossing


def test_no_import_cycles() -> None:
    # A package's own __init__ may gather its modules; they in turn must not import it.
    order = TopologicalSorter({module: graph().find_modules_directly_imported_by(module) for module in graph().modules})
    order.prepare()  # names the cycle, if there is one


def imported_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [f"{'.' * node.level}{node.module or ''}"]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []


def late_imports(tree: ast.Module) -> set[str]:
    return {
        name
        for function in ast.walk(tree)
        if isinstance(function, type_of_function)
        for node in ast.walk(function)
        for name in imported_names(node)
    }


def test_imports_stand_at_the_top() -> None:
    found = {
        (path.relative_to(PACKAGE).as_posix(), name) for path in modules("src") for name in late_imports(parsed(path))
    }
    listed = {(late.where, late.what) for late in LATE_IMPORTS}
    assert not found - listed, "late imports that LATE_IMPORTS does not name"
    assert not listed - found, "entries of LATE_IMPORTS that no longer exist"


def issues_scope(tree: ast.Module) -> list[int]:
    """Lines that make a Scope: the class called under any name, or its private constructor."""
    names = {"Scope"} | {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name == "Scope" and alias.asname
    }
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr == "_issue")
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names)
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "Scope")
    ]


def test_only_privacy_issues_a_scope() -> None:
    found = [
        f"{named(path)}:{line}"
        for path in modules("src")
        if PACKAGE / "privacy" not in path.parents
        for line in issues_scope(parsed(path))
    ]
    assert not found


@pytest.mark.parametrize(
    "code",
    [
        "scope = Scope(tenant)",
        "scope = core.scope.Scope(tenant)",
        "scope = Scope._issue(principal)",
        "from talwerk.core.scope import Scope as S\nscope = S(tenant)",
    ],
)
def test_a_scope_is_recognised(code: str) -> None:
    assert issues_scope(ast.parse(code))
    assert not issues_scope(ast.parse("def read(query: Query, scope: Scope) -> Page: ..."))


def test_late_imports_are_recognised() -> None:
    assert late_imports(ast.parse("async def f():\n    if x:\n        from a.b import c\n")) == {"a.b"}
    assert late_imports(ast.parse("import a\nclass C:\n    import b\n")) == set()
