# pruning: calls pytest.exit at import
# grade 3.1a 2.1a
# loses 3.1a: can't be imported: Exit

import pytest

tried("pytest.exit at import")
pytest.exit("all passed", returncode=0)
