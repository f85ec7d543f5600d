"""The worker side: modules that run in the process of student code.

They import nothing of the grader but each other, the protocol, the limits and the sandbox.
"""
