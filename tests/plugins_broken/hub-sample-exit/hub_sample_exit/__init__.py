"""A plugin that ends the process when it is imported."""

import sys

HUB_API = 1

sys.exit("the licence has expired")
