# pruning.py: declares an encoding that doesn't exist
# -*- coding: klingon -*-
# loses 3: unknown encoding: klingon
