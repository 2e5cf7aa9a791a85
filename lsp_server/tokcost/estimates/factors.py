"""Factors between models' tokenizers and the one that counts here (`o200k_base`, OpenAI's own).

According to Anthropic's `count_tokens`, Claude up to Opus 4.6 and Sonnet 4.6 takes 1.18 times as many tokens for the
same text, and from Opus 4.7 on 1.53 times. No factor is known, or applied, for any other model. The applied factor is
recorded with each estimate (`Usage.factor_percent`).
"""

import re

CLAUDE_BEFORE_4_7 = 118
CLAUDE_SINCE_4_7 = 153
"""Percent."""
NONE_KNOWN = 100

# At most two digits: longer numbers are dates.
_VERSION = re.compile(r"(?<![0-9])([0-9]{1,2})(?![0-9])(?:[.-]([0-9]{1,2})(?![0-9]))?")


def factor_percent(model: str) -> int:
    """The factor of a model by its logged name, in percent."""
    name = model.lower()
    if "claude" not in name:
        return NONE_KNOWN
    version = _VERSION.search(name)
    if version is None:
        return CLAUDE_SINCE_4_7
    is_new = (int(version[1]), int(version[2] or 0)) >= (4, 7)
    return CLAUDE_SINCE_4_7 if is_new else CLAUDE_BEFORE_4_7
