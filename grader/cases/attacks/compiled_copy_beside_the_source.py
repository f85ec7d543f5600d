# depthwise: modules with the endings of compiled code lie beside the source, which Python prefers to it
# grade 6.1a 6.1h

FILES = {
    "depthwise.cpython-311-x86_64-linux-gnu.so": "not a library\n",
    "depthwise.abi3.so": "not a library\n",
    "depthwise.so": "not a library\n",
    "depthwise.pyc": "not bytecode\n",
    "depthwise.pyi": "raise SystemExit\n",
    "__pycache__/depthwise.cpython-311.pyc": "not bytecode\n",
}

# What is graded is the source. Python itself takes a compiled module where both lie in one folder.
tried("offer other modules by the name of this one")
