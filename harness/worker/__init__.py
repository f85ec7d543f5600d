"""The side of the worker: where student code runs.

What runs here (these modules, and the protocol, the limits and the sandbox) imports nothing else of the grader.
"""
