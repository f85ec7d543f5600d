# depthwise: gives the parser an expression too deep for its memory or stack, in its own process
# refused MemoryError RecursionError SyntaxError
# grade 6.1a 2.1a

import ast

for _text in ("-" * 100_000 + "1", "(" * 100_000, "1" + "+1" * 100_000, "a" + ".a" * 100_000, "not " * 100_000 + "a"):
    attempt(f"parse {_text[:9]}…", ast.parse, _text)
    attempt(f"compile {_text[:9]}…", compile, _text, "deep.py", "exec")
