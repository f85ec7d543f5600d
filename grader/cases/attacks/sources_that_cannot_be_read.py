# quantization: brings sources with null bytes, a wrong coding, 300 parentheses and 3,000 operators
# grade 1.1a 3.1a 5.1a 6.1a 2.1a
# loses 1.1a: The file is not saved as UTF-8
# loses 3.1a: can't be imported: SyntaxError
# loses 5.1a: can't be imported
# loses 6.1a: can't be imported: SyntaxError

FILES = {
    "training.py": "LEARNING_RATES = [0.0001, 0.1, 1.0]\nBEST_LEARNING_RATE = 0.1\n\0\n",
    "pruning.py": "\ufeff# -*- coding: latin-1 -*-\n",
    "transformer.py": "# coding: rot13\nvzcbeg bf\n",
    "depthwise.py": "x = "
    "(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
    "(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
    "((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((",
}

tried("sources that can't be parsed")
