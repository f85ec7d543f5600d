"""The warm server: a process that has imported everything, so that commands start at once (Linux).

It serves one user, one repository and one Python, until the code changes. For each request it forks a process, which
does what a new Python would do with the same arguments. The server itself never reads a submission, so it can keep
nothing of one.
"""
