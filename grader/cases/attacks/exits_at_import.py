# transformer: ends its process at import, by os._exit(0)
# grade 5.1a 2.1a
# loses 5.1a: ended the process that it ran in: exit code 0

import os

tried("exit at import")
os._exit(0)
