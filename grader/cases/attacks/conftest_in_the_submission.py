# quantization: brings a conftest.py, a pytest.ini and a sitecustomize.py along
# grade 2.1a 2.1b

FILES = {
    "conftest.py": "import os\nos._exit(0)\n",
    "pytest.ini": "[pytest]\naddopts = --collect-only\n",
    "sitecustomize.py": "import os\nos._exit(0)\n",
}

tried("files that pytest and Python load by themselves")
