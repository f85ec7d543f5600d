# quantization: removes itself and its package from sys.modules
# grade 2.1a 1.1a
# loses 2.1a

import sys

tried("a module that removes itself")
for _name in [name for name in sys.modules if name.startswith("student")]:
    del sys.modules[_name]
