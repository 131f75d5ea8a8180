"""The fixed dialect: rows without what is wrong with the published ones.

`codeeval.tasks.translate.fixed.corrected` is what all of its languages share.
"""

from __future__ import annotations

from codeeval.tasks.translate.fixed.languages import DIALECTS, FIXED

__all__ = ["DIALECTS", "FIXED"]
