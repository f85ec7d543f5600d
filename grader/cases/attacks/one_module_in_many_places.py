# quantization: the module lies in many folders and spellings, each with another content
# grade 2.1a

tried("lie in many places")

FILES = {
    "Quantization.py": "raise SystemExit('another spelling')\n",
    "QUANTIZATION.PY": "raise SystemExit('another spelling')\n",
    "quantization.py.bak": "raise SystemExit('a copy')\n",
    "quantization (1).py": "raise SystemExit('a copy')\n",
    "student/quantization.py": "raise SystemExit('below')\n",
    "student/student/quantization.py": "raise SystemExit('below')\n",
    "__MACOSX/._quantization.py": "\x00\x05\x16\x07",
    "quantization/__init__.py": "raise SystemExit('a package')\n",
    "\u202equantization.py": "raise SystemExit('hidden direction')\n",
    "quant\u200bization.py": "raise SystemExit('hidden space')\n",
}
