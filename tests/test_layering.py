"""The laws of the layout, kept by reading imports; and the size of what a reviewer reads."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "numverify"

LAYERS = (
    "exceptions defaults reading conf phone tokens logs redaction",
    "providers virtual_operator",
    "models enrolled querysets signals migrations",
    "flow",
    """stepup limits forms sessions clients admission wording binds outcomes receipts
    enrolment numbers recent_login sign_up""",
    """views gates decorators mixins middleware admin admin_site templatetags management
    handset sandbox""",
    "urls checks apps testing",
)
LAYER = {name: level for level, names in enumerate(LAYERS) for name in names.split()}
OPTIONAL = {"phonenumbers", "segno"}

#: The path that decides who is let in, as the design lists it: a reviewer reads it all.
REVIEWED = (
    "phone.py providers models.py flow stepup.py limits.py views/callback.py views/attempts.py"
).split()
REVIEW_LIMIT = 2000


@dataclass(frozen=True)
class Import:
    """One imported name: ``numverify.conf.conf`` in ``numverify.phone``, and where."""

    importer: str
    target: str
    line: int
    function: str = ""

    def __str__(self) -> str:
        where = f" inside {self.function}()" if self.function else ""
        return f"{self.importer}:{self.line} imports {self.target}{where}"

    def reaches(self, *packages: str) -> bool:
        return any(within(self.target, package) for package in packages)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def modules(folder: Path = PACKAGE) -> list[Path]:
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def read_imports(source: str, importer: str, *, package: str) -> list[Import]:
    return list(_walk(ast.parse(source), importer, package, ""))


def _walk(node: ast.AST, importer: str, package: str, function: str) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _walk(child, importer, package, getattr(child, "name", "lambda"))
        else:
            for target in _targets(child, package):
                yield Import(importer, target, getattr(child, "lineno", 0), function)
            yield from _walk(child, importer, package, function)


def _targets(node: ast.AST, package: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        parts = package.split(".")
        base = parts[: len(parts) - node.level + 1] if node.level else []
        source = ".".join([*base, *([node.module] if node.module else [])])
        return [f"{source}.{alias.name}" for alias in node.names]
    return []


def imports_of(path: Path) -> list[Import]:
    name = dotted(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return read_imports(path.read_text(), name, package=package)


ALL = [found for path in modules() for found in imports_of(path)]


def layer_of(module: str) -> int:
    return LAYER[module.split(".")[1]]


def breaches(found: Iterator[Import]) -> list[str]:
    return [str(each) for each in found]


def ours(each: Import) -> bool:
    return within(each.target, "numverify") and each.target != "numverify.__version__"


# -- the reader itself ---------------------------------------------------------------
def test_the_reader_resolves_every_way_to_import() -> None:
    source = (
        "import os.path\n"
        "from . import a\n"
        "from .b import c\n"
        "from .. import d\n"
        "from ..e.f import g\n"
        "def late():\n"
        "    import h\n"
        "    class Inner:\n"
        "        from i import j\n"
        "if True:\n"
        "    from k import l as m\n"
        "late = lambda: __import__('n')\n"
    )
    found = read_imports(source, "numverify.x.y", package="numverify.x")
    assert [(each.target, each.line, each.function) for each in found] == [
        ("os.path", 1, ""),
        ("numverify.x.a", 2, ""),
        ("numverify.x.b.c", 3, ""),
        ("numverify.d", 4, ""),
        ("numverify.e.f.g", 5, ""),
        ("h", 7, "late"),
        ("i.j", 9, "late"),
        ("k.l", 11, ""),
    ]


def test_the_reader_sees_the_package() -> None:
    assert len(ALL) > 200
    assert any(each.importer == "numverify.phone" and each.function for each in ALL)


# -- law 1 ---------------------------------------------------------------------------
def test_every_module_has_a_layer() -> None:
    names = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in modules()}
    assert names - {"__init__", "contrib"} <= LAYER.keys()


def test_no_module_imports_from_a_higher_layer() -> None:
    upward = (
        each
        for each in ALL
        if ours(each)
        and "contrib" not in each.importer.split(".")
        and not each.reaches("numverify.contrib")
        and layer_of(each.target) > layer_of(each.importer)
    )
    assert breaches(upward) == []


def test_nothing_is_imported_inside_a_function() -> None:
    hidden = (
        each
        for each in ALL
        if each.function
        and each.target.split(".")[0] not in OPTIONAL
        and not (each.importer.endswith(".apps") and each.function == "ready")
    )
    assert breaches(hidden) == []


def test_wording_knows_reasons_and_translation_only() -> None:
    strange = (
        each
        for each in ALL
        if within(each.importer, "numverify.wording")
        and (within(each.target, "numverify") or within(each.target, "django"))
        and not each.reaches(
            "numverify.exceptions", "numverify.wording", "django.utils.translation"
        )
        and not each.reaches("django.utils.functional")  # `Promise`, the type of a translation
    )
    assert breaches(strange) == []


# -- law 2 ---------------------------------------------------------------------------
def test_providers_and_models_meet_only_in_flow() -> None:
    def importers(package: str) -> set[str]:
        return {
            each.importer
            for each in ALL
            if each.reaches(package) and not within(each.importer, package)
        }

    meeting = importers("numverify.providers") & importers("numverify.models")
    assert {name for name in meeting if not within(name, "numverify.flow")} == set()
    assert meeting, "flow is where they meet"


def test_providers_know_no_orm() -> None:
    orm = (
        each
        for each in ALL
        if within(each.importer, "numverify.providers")
        and each.reaches("django.db", "django.contrib", "numverify.models", "numverify.querysets")
    )
    assert breaches(orm) == []


def test_views_never_import_providers() -> None:
    shortcut = (
        each
        for each in ALL
        if within(each.importer, "numverify.views") and each.reaches("numverify.providers")
    )
    assert breaches(shortcut) == []


def test_the_virtual_operator_knows_only_the_wire() -> None:
    strange = (
        each
        for each in ALL
        if within(each.importer, "numverify.virtual_operator")
        and (
            (within(each.target, "numverify") and not each.reaches("numverify.virtual_operator"))
            or each.reaches("django")
        )
    )
    assert breaches(strange) == []


# -- law 3 ---------------------------------------------------------------------------
def test_settings_are_read_in_conf_alone() -> None:
    readers = {each.importer for each in ALL if each.reaches("django.conf.settings")}
    migrations = {name for name in readers if ".migrations." in name}
    assert readers - migrations == {"numverify.conf", "numverify.models", "numverify.enrolled"}
    for name in {"numverify.models", "numverify.enrolled", *migrations}:
        assert _settings_read_by(ROOT / f"{name.replace('.', '/')}.py") == {"AUTH_USER_MODEL"}


def _settings_read_by(path: Path) -> set[str]:
    return {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "settings"
    }


def test_the_package_itself_holds_the_version_alone() -> None:
    docstring, version = ast.parse((PACKAGE / "__init__.py").read_text()).body
    assert isinstance(docstring, ast.Expr)
    assert isinstance(version, ast.Assign)
    assert [ast.unparse(target) for target in version.targets] == ["__version__"]


# -- the core stands alone -----------------------------------------------------------
def test_the_core_imports_neither_contrib_nor_the_demo_nor_the_tests() -> None:
    outward = (
        each
        for each in ALL
        if not within(each.importer, "numverify.contrib")
        and each.reaches("numverify.contrib", "demo_project", "tests", "bench")
    )
    assert breaches(outward) == []


# -- the reviewer's limit ------------------------------------------------------------
def code_lines(source: str) -> int:
    """Lines that hold code: no blank line, no comment, no docstring."""
    tree = ast.parse(source)
    prose = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    ignored = {
        tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT,
        tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING,
    }  # fmt: skip
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in ignored:
            code.update(range(token.start[0], token.end[0] + 1))
    return len(code - prose)


def test_counting_lines_of_code() -> None:
    source = (
        '"""Prose\nof two lines."""\n\n# a comment\n'
        'def f():\n    """More."""\n    return (1,\n\n    2)\n'
    )
    assert code_lines(source) == 3


def test_what_decides_who_is_let_in_can_be_reviewed() -> None:
    paths = [path for name in REVIEWED for path in modules(PACKAGE / name)]
    lines = {dotted(path): code_lines(path.read_text()) for path in paths}
    assert sum(lines.values()) < REVIEW_LIMIT, lines


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_modules_stay_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300
