"""Alternative names in notebooks of this problem set, and how the grader understands them.

Sources: the handout's own notebook, by the names in its cells.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.submission.alternative_names import AlternativeNames
from harness.submission.cells import Cell, Statement
from harness.submission.stubs import is_stub

__all__ = ["ALTERNATIVE_NAMES"]

#: Misspelt names in the handout's notebook.
MISSPELT = {"unstructured_pruning": "unnstructured_pruning"}
#: Other names of constants, which count if the notebook has a single value for one.
OTHER_NAMES = {
    "LEARNING_RATES": ("learning_rates", "lrs"),
    "BEST_LEARNING_RATE": ("best_learning_rate", "best_lr"),
    "PRUNE_PERCENTAGE": ("prune_percentage", "prune_percent"),
    "PRUNE_EPOCHS": ("prune_epochs", "prune_epoch"),
}
#: Variables of the handout's notebook for which the grader calls functions.
FUNCTIONS = {
    "pt_net": "load_pretrained()",
    "net_freeze": "freeze_early_layers(model)",
    "net_freeze_lora": "add_lora_classifier(model, rank=10)",
}
SCHEDULERS = frozenset({"MultiStepLR", "CosineAnnealingLR"})
MAX_CALLS = 5
"""The most helpers that may call each other until one draws random numbers."""
#: Names of functions that draw random numbers.
DRAWS = ("random", "rand", "rand_like", "random_sample", "uniform", "bernoulli", "binomial", "default_rng")
RANDOM = frozenset([*DRAWS, "generator", "rng"])
#: The class SparseConvNet itself is kept, because it may refer to itself by name, as in ``super(SparseConvNet, self)``.
CONV_LAYER = '''

def _with_conv_layer(made):
    """SparseConvNet told by an argument which layers to take, and not by defining SparseConv2d anew."""
    import functools
    import inspect
    from course import layers

    is_class = isinstance(made, type)
    make = made.__init__ if is_class else made
    parameters = inspect.signature(make).parameters.values()
    if any(one.name == "conv_layer" or one.kind is one.VAR_KEYWORD for one in parameters):
        return made
    names = [one.name for one in parameters if one.default is layers.SparseConv2d]

    @functools.wraps(make)
    def with_conv_layer(*args, conv_layer=layers.SparseConv2d, **kwargs):
        own = globals()
        block = functools.partial(layers.sparse_conv_block, conv_layer=conv_layer)
        told = {"SparseConv2d": conv_layer, "sparse_conv_block": block}
        kept = {name: own[name] for name in told if name in own}
        own.update(told)
        try:
            return make(*args, **dict.fromkeys(names, conv_layer), **kwargs)
        finally:
            for name in told:
                del own[name]
            own.update(kept)

    if is_class:
        made.__init__ = with_conv_layer
    return made if is_class else with_conv_layer


SparseConvNet = _with_conv_layer(SparseConvNet)
'''


def _takes_conv_layer(node: ast.stmt) -> bool:
    """Whether SparseConvNet has an argument by whose name it can be given the layers to use."""
    makers = [each for each in node.body if isinstance(each, ast.FunctionDef)] if isinstance(node, ast.ClassDef) else []
    for one in [node, *(maker for maker in makers if maker.name == "__init__")]:
        if isinstance(one, ast.FunctionDef) and (
            one.args.kwarg or any(each.arg == "conv_layer" for each in [*one.args.args, *one.args.kwonlyargs])
        ):
            return True
    return False


def _with_conv_layer(module: str, statements: Sequence[Statement]) -> str:
    """Code that gives a notebook's SparseConvNet the layers to use if it has no argument for them."""
    nets = [one for one in statements if "SparseConvNet" in one.binds and not is_stub(one.node)]
    return CONV_LAYER.strip("\n") if module == "pruning" and nets and not _takes_conv_layer(nets[-1].node) else ""


# ---- two functions of one name -------------------------------------------------------------------------------


def _with_stochastic_quantize(module: str, cells: Sequence[Cell]) -> tuple[Sequence[Cell], list[str]]:
    """The cells for quantization.py. A second ``quantize`` that rounds at random is renamed ``stochastic_quantize``.

    The handout's notebook asks for both under one name, in Code Cells 2.2 and 2.4.
    """
    if module != "quantization":
        return cells, []
    definitions = [
        (cell, one)
        for cell in cells
        for one in cell.statements
        if isinstance(one.node, ast.FunctionDef) and not is_stub(one.node)
    ]
    if any(_name(one) == "stochastic_quantize" for _, one in definitions):
        return cells, []
    both = [(cell, one) for cell, one in definitions if _name(one) == "quantize"]
    if len(both) < 2:
        return cells, []
    random = _random_functions([one for _, one in definitions])
    drawn = [(cell, one) for cell, one in both if _names(one.node) & random and not _is_told_how(one)]
    steady = [(cell, one) for cell, one in both if (cell, one) not in drawn]
    if not drawn or not steady:
        return cells, []
    renamed = {id(one): _renamed(one, "quantize", "stochastic_quantize") for _, one in drawn}
    cells = [
        replace(cell, statements=tuple(renamed.get(id(one), one) for one in cell.statements))
        if any(id(one) in renamed for one in cell.statements)
        else cell
        for cell in cells
    ]
    first, second = steady[-1][0].label, drawn[-1][0].label
    return cells, [
        f"quantize is defined in {first}, and with random rounding in {second}: that was graded as stochastic_quantize."
    ]


def _name(statement: Statement) -> str:
    return next(iter(statement.binds))


def _names(node: ast.AST) -> set[str]:
    """All names in a definition, including its arguments."""
    found: set[str] = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Name):
            found.add(one.id)
        elif isinstance(one, ast.Attribute):
            found.add(one.attr)
        elif isinstance(one, ast.arg):
            found.add(one.arg)
    return found


def _random_functions(definitions: Sequence[Statement]) -> set[str]:
    """The functions that draw random numbers, including the notebook's own."""
    own = [(_name(one), _names(one.node)) for one in definitions if _name(one) != "quantize"]
    random = set(RANDOM)
    for _ in range(MAX_CALLS):
        random |= {name for name, names in own if names & random}
    return random


def _is_told_how(statement: Statement) -> bool:
    """Whether a function has an argument that chooses the rounding, so that it does both."""
    return any(
        re.search("stoch|random|mode|round|method", one.arg)
        for one in ast.walk(statement.node)
        if isinstance(one, ast.arg)
    )


def _renamed(statement: Statement, old: str, new: str) -> Statement:
    node = copy.copy(statement.node)
    if isinstance(node, ast.FunctionDef):
        node.name = new
    lines = list(statement.lines)
    for index, line in enumerate(lines):
        if re.match(rf"\s*def\s+{old}\b", line):
            lines[index] = re.sub(rf"\b{old}\b", new, line, count=1)
            break
    return replace(statement, node=node, lines=tuple(lines))


# ---- what has no function ------------------------------------------------------------------------------------


def _without_a_function(cells: Sequence[Cell], written: set[str]) -> Iterator[str]:
    """A sentence for each missing function whose result the notebook has in a variable."""
    for variable, call in FUNCTIONS.items():
        cell = next((cell for cell in cells if any(variable in one.binds for one in cell.statements)), None)
        if cell is not None and call.partition("(")[0] not in written:
            yield f"{variable} is made in {cell.label}, but the grader calls {call}: write a function that returns it."
    if "make_scheduler" not in written:
        for cell in cells:
            if any(one.calls & SCHEDULERS for one in cell.statements):
                yield (
                    f"A schedule is made in {cell.label}, but the grader calls make_scheduler(name, optimizer, "
                    "epochs): write a function that returns it."
                )
                break


ALTERNATIVE_NAMES = AlternativeNames(
    MISSPELT, OTHER_NAMES, _with_stochastic_quantize, _with_conv_layer, _without_a_function
)
