"""Student code behind a wall: the grader sends a call, a worker process answers with data.

``launch.py`` starts workers, ``workers.py`` talks to them, ``proxies.py`` makes that look like ordinary objects to a
test, ``worker.py`` is the other end, and ``protocol.py`` is the language between them. Its modules that run in
a worker (server, worker, vocabulary, protocol, limits, tracebacks) import nothing else of the grader.
"""
