# depthwise.py: imports a package that is not installed
# loses 6: No module named 'einopz'

import einopz
