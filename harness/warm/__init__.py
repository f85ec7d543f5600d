"""A server that has everything imported and waits: what is asked of it begins at once (Linux).

It is of one user, one repository and one Python, and answers while the code is what it was when the server started. For
each request it forks a process, which does what a new Python would do with the same arguments. The server itself never
reads a submission, so nothing of one can be left in it.
"""
