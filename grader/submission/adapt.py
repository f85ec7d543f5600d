"""What a notebook calls otherwise than the grader does, and how it is understood all the same.

Sources: the handout's own notebook, by the names in its cells.
"""

from __future__ import annotations

import ast

__all__ = ["CONV_LAYER", "MISSPELT", "takes_conv_layer"]

#: The handout's notebook has it so.
MISSPELT = {"unstructured_pruning": "unnstructured_pruning"}
#: SparseConvNet stays the class that it is: it refers to itself by name, as in ``super(SparseConvNet, self)``.
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


def takes_conv_layer(node: ast.stmt) -> bool:
    """Whether a definition of SparseConvNet can be told by its name which layers to take."""
    makers = [each for each in node.body if isinstance(each, ast.FunctionDef)] if isinstance(node, ast.ClassDef) else []
    for one in [node, *(maker for maker in makers if maker.name == "__init__")]:
        if isinstance(one, ast.FunctionDef) and (
            one.args.kwarg or any(each.arg == "conv_layer" for each in [*one.args.args, *one.args.kwonlyargs])
        ):
            return True
    return False
