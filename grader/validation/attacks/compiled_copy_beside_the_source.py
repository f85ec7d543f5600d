# depthwise: a module with the ending of compiled code lies beside the source, and a folder with its name
# grade 6.1a 6.1h

FILES = {
    "depthwise.cpython-311-x86_64-linux-gnu.so": "not a library\n",
    "depthwise.abi3.so": "not a library\n",
    "depthwise.so": "not a library\n",
    "depthwise.pyc": "not bytecode\n",
    "depthwise.pyi": "raise SystemExit\n",
    "__pycache__/depthwise.cpython-311.pyc": "not bytecode\n",
}

# Python takes a compiled module before a source of the same name where both lie in one folder.
tried("offer other modules by the name of this one")
