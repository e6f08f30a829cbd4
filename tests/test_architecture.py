"""Which module of python/brasa may depend on which.

The tables are the design: a new edge is a decision, and is made here.
"""

import ast
import re

import pytest

from tests.sources import CSRC, PACKAGE

pytestmark = pytest.mark.skipif(not CSRC.exists(), reason="the sources are not here")

# Module or folder of python/brasa -> those that it may import when it runs. What is imported for
# the eyes of a type checker alone does not count.
PYTHON_EDGES = {
    # the ground: plain Python and NumPy
    "errors": "",
    "suggest": "",
    "spellings": "",
    "progress": "",
    "arrays": "_core",
    "whole_numbers": "_core arrays",
    "there": "_core arrays",
    "files": "errors",
    "plots": "files progress",
    "registered": "",
    "configurable": "registered suggest",
    "targets": "arrays there whole_numbers",
    # ops and the graph: the only ones that know the extension
    "graph": "_core",
    "parameter": "arrays graph",
    "ops": "_core arrays graph parameter targets there whole_numbers",
    "runtime": "_core ops",
    "seed": "ops",
    # what networks are made of
    "initializers": "arrays configurable ops seed suggest",
    "regularizers": "configurable ops",
    "constraints": "configurable ops",
    "losses": "arrays configurable ops targets graph there",
    "metrics": "arrays configurable graph initializers losses ops targets there",
    "optimizers": "arrays configurable ops parameter",
    "layers": "arrays configurable constraints graph initializers ops parameter registered "
    "regularizers seed suggest",
    # models
    "outputs": "layers",
    "layer_order": "layers",
    "network": "graph layer_order layers outputs parameter",
    "buffers": "_core graph there",
    "store": "arrays buffers graph parameter",
    "places": "graph",
    "plan_key": "losses metrics optimizers",
    "updates": "graph optimizers parameter places plan_key store",
    "plans": "graph network plan_key runtime store updates",
    "inputs": "arrays layers network suggest there whole_numbers",
    "feeds": "arrays inputs layers losses network ops plan_key suggest there",
    "objective": "graph losses metrics network ops optimizers plan_key suggest",
    "states": "buffers",
    "plan_cache": "",
    "engine": "buffers feeds graph network optimizers plan_cache plan_key plans runtime states "
    "store there",
    "readings": "engine metrics plan_key there",
    "step": "engine feeds inputs plan_key readings seed states",
    "training": "buffers engine feeds graph plan_key readings seed states step there",
    "streams": "engine feeds readings there training",
    "fit": "engine feeds progress readings streams there training",
    "diagnosis": "buffers engine feeds graph layers parameter plans states store suggest training",
    "summary": "",
    "descriptions": "layers model outputs registered sequential",
    "training_state": "configurable errors ops runtime seed",
    "keras_files": "configurable constraints errors files initializers layers losses metrics "
    "model network optimizers parameter regularizers sequential suggest",
    "saving": "configurable descriptions errors files io keras_files parameter registered "
    "training_state",
    "backups": "errors io saving training_state",
    "copying": "descriptions layers network subclassing training_state",
    "structure": "engine fit layers network ops parameter plan_key runtime seed store suggest",
    "compiled": "layers metrics optimizers plan_key structure",
    "inspection": "compiled diagnosis feeds graph plan_key readings structure summary training",
    "evaluation": "arrays callbacks feeds inspection outputs plan_key readings step streams "
    "structure training",
    "fitting": "callbacks evaluation feeds fit ops readings spellings samples streams "
    "structure training",
    "subclassing": "engine fitting graph inputs layers network outputs parameter structure",
    "samples": "arrays there",
    "stepping": "autograd calling graph inputs layers losses metrics plan_key samples",
    "own_loops": "callbacks readings runtime samples stepping streams training",
    "own_training": "engine feeds fitting losses own_loops plan_key readings samples stepping "
    "streams structure",
    "calling": "graph inputs layers network outputs structure subclassing",
    "compiling": "arrays objective optimizers own_training runtime spellings",
    "onnx": "files graph network ops parameter",
    "exporting": "compiling onnx",
    "model": "calling copying descriptions engine exporting layers network outputs saving "
    "subclassing",
    "sequential": "configurable layers model network subclassing",
    # functions of one's own
    "function_plan": "arrays graph ops parameter places seed",
    "autograd": "arrays function_plan graph ops parameter plan_cache runtime whole_numbers",
    # around models
    "activations": "layers ops",
    "random": "graph ops seed",
    "utils": "arrays datasets errors files inputs layers ops registered runtime samples seed "
    "spellings structure whole_numbers windows",
    "windows": "arrays ops seed",
    "io": "errors files",
    "callbacks": "backups diagnosis files plots progress",
    "datasets": "errors files",
    "models": "descriptions initializers layers model ops sequential suggest",
    "testing": "",
    "cli": "callbacks datasets layers losses metrics model models optimizers plots runtime seed",
    "__main__": "cli",
}

# The modules that may import the extension.
KNOW_THE_EXTENSION = {
    "arrays.py",
    "buffers.py",
    "runtime/devices.py",
    "runtime/info.py",
    "runtime/tables.py",
    "runtime/threads.py",
    "there.py",
    "whole_numbers.py",
    "ops/dispatch.py",
    "graph/trace.py",
    "graph/lower.py",
}


def python_files():
    return sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def public_names():
    """Public name of the package -> the module that it lives in."""
    text = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "_MEMBERS":
            return {k: v.split(".")[1] for k, v in ast.literal_eval(node.value).items()}
    raise AssertionError("brasa/__init__.py has no table _MEMBERS")


def is_for_types(node):
    test = node.test if isinstance(node, ast.If) else None
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def imports(tree):
    """Every import statement, wherever it stands, that is not for type checkers alone."""
    for node in ast.iter_child_nodes(tree):
        if is_for_types(node):
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        else:
            yield from imports(node)


def imported(path):
    """The modules of brasa that a file imports, as paths of names: ("ops", "dispatch")."""
    package = path.parts[:-1]
    for node in imports(ast.parse((PACKAGE / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                parts = name.name.split(".")
                if parts[0] == "brasa" and len(parts) > 1:
                    yield tuple(parts[1:])
            continue
        if node.level:  # from .base import x
            base = package[: len(package) - node.level + 1]
            base += tuple((node.module or "").split(".")) if node.module else ()
        elif node.module == "brasa" or (node.module or "").startswith("brasa."):
            base = tuple(node.module.split(".")[1:])
        else:
            continue
        if base:
            yield base
        else:  # from brasa import ops, Sequential
            yield from ((name.name,) for name in node.names)


@pytest.mark.parametrize("path", python_files(), ids=str)
def test_a_module_imports_only_what_it_may(path):
    if path.parts == ("__init__.py",):
        return  # it names everything and imports nothing, see tests/runtime
    own = path.parts[0].removesuffix(".py")
    allowed = set(PYTHON_EDGES[own].split()) | {own}
    public = public_names()
    for target in imported(path):
        group = public.get(target[0], target[0])
        assert group in allowed, f"{path} imports brasa.{'.'.join(target)}"
        if group == "_core":
            assert path.as_posix() in KNOW_THE_EXTENSION, f"{path} imports the extension"


def test_the_table_of_modules_is_complete_and_current():
    assert set(PYTHON_EDGES) == {path.parts[0].removesuffix(".py") for path in python_files()} - {
        "__init__"
    }
    for name, edges in PYTHON_EDGES.items():
        assert set(edges.split()) <= {*PYTHON_EDGES, "_core"}, name


def test_the_map_names_every_module():
    text = (PACKAGE.parent / "README.md").read_text(encoding="utf-8")
    parts = [path.parts for path in python_files() if path.parts[0] in ("graph", path.name)]
    names = {name.removesuffix(".py") for *_, name in parts} - {"__init__", "__main__"}
    missing = {name for name in names if not re.search(rf"\b{name}\.py\b", text)}
    assert not missing, "python/README.md"


def test_models_below_the_public_face_do_not_know_it():
    """Nothing that a model is made of imports models, or the command line."""
    for name, edges in PYTHON_EDGES.items():
        if name not in ("cli", "__main__", "utils"):
            assert not {"cli", "models", "datasets", "testing"} & set(edges.split()), name
