"""Tell an implementation from a stub."""

from __future__ import annotations

import ast

__all__ = ["is_stub"]


def is_stub(node: ast.stmt) -> bool:
    """Whether a definition does nothing, or only raises NotImplementedError."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return all(map(_says_nothing, node.body))
    if isinstance(node, ast.ClassDef):
        methods = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
        others = [one for one in node.body if one not in methods]
        inherits = any(ast.unparse(base) not in ("nn.Module", "torch.nn.Module", "Module") for base in node.bases)
        if inherits and all(map(_passes_on, methods)):  # all of it is in the other class
            return False
        return all(map(is_stub, methods)) and all(map(_says_nothing, others))
    if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
        return node.value.value is None or node.value.value is ...
    return False


def _passes_on(node: ast.stmt) -> bool:
    """Whether a method only calls the one that it inherits."""
    return any(isinstance(one, ast.Expr) and _is_super_call(one.value) for one in getattr(node, "body", []))


def _is_super_call(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node).startswith("super(")


def _says_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Pass | ast.AnnAssign):
        return not isinstance(node, ast.AnnAssign) or node.value is None
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or _is_super_call(node.value)
    if isinstance(node, ast.Return):
        return node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)
    if isinstance(node, ast.Raise):
        return node.exc is not None and "NotImplementedError" in ast.unparse(node.exc)
    return False
