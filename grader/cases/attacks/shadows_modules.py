# quantization: brings numpy, torch, msgspec, the grader and the course along, changed
# grade 2.1a 2.1b 2.2c 1.1a

FILES = {
    "numpy/__init__.py": "import os\nos._exit(0)\n",
    "torch/__init__.py": "import os\nos._exit(0)\n",
    "msgspec.py": "import os\nos._exit(0)\n",
    "encodings.py": "import os\nos._exit(0)\n",
    "grader/__init__.py": "import os\nos._exit(0)\n",
    "harness/worker/worker.py": "import os\nos._exit(0)\n",
    "course/__init__.py": "import os\nos._exit(0)\n",
    "course/models.py": "class MNISTNet: pass\n",
    "student/__init__.py": "import os\nos._exit(0)\n",
    "__init__.py": "import os\nos._exit(0)\n",
    "__main__.py": "import os\nos._exit(0)\n",
    "__pycache__/quantization.cpython-311.pyc": "bytecode",
    "usercustomize.py": "import os\nos._exit(0)\n",
    "attack.pth": "import os; os._exit(0)\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'\n",
    "test_more.py": "def test_more():\n    raise SystemExit(0)\n",
    "results.json": '{"score": 100}\n',
}

tried("modules in the place of others")
