# transformer: a module-level __getattr__ and names that are made without end when they are asked for
# grade 5.1a 5.1s 1.1a
# loses 5.1a: Is there an endless loop
# loses 5.1s: Is there an endless loop

del positional_encoding
del count_matmuls


def __getattr__(name):
    tried("look for a name without end")
    while True:
        pass
