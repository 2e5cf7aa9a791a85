"""Every setting that tokcost reads, by the place where it is written.

`tokcost doctor` names settings that are in none of these lists, docs/settings.md explains each of them, and a test
compares all three with the code.
"""

CLONE = (
    "enabled",
    "consent",
    "precision",
    "models",
    "estimates",
    *(f"budget{scope}{part}" for scope in ("Branch", "Commit", "Day") for part in ("", "Block", "Near")),
    "budgetVerbose",
    "budgetUnchecked",
    "placement",
)
"""`tokcost.NAME` in a clone's own git configuration."""
BRANCH = ("tokcostBudget", "tokcostBudgetBlock", "tokcostBudgetNear")
"""`branch.BRANCH.NAME` there."""
REPOSITORY_TABLES: dict[str, tuple[str, ...]] = {
    "trailers": ("policy", "precision", "models"),
    "budget": ("branch", "commit", "day", "near", "block"),
    "report": ("contributors",),
    "areas": (),
    "types": (),
    "rules": (),
    "price": (),
}
"""Tables of a repository's `.tokcost.toml` and their keys; no keys where the names are the user's own, or are
checked where they are read."""
USER_TABLES = ("price",)
"""Tables of the user's `prices.toml`."""
USER_CONFIG = {"estimates": ("text",), "rules": ()}
"""Tables of the user's `config.toml` and their keys."""
ENVIRONMENT = (
    *("TOKCOST", "TOKCOST_HOME", "TOKCOST_PAGER", "TOKCOST_DEADLINE", "TOKCOST_GUARD", "TOKCOST_RECONCILE_URL"),
    *(f"TOKCOST_{provider}_KEY" for provider in ("ANTHROPIC", "OPENAI", "OPENROUTER", "COPILOT")),
)
"""Variables that people set."""
CI_ENVIRONMENT = ("SOURCE", "CHECK", "BASE", "HEAD", "PR", "VENV", "GITLAB_TOKEN")
"""Variables that people set for jobs of a forge, each prefixed with `TOKCOST_`."""
INTERNAL_ENVIRONMENT = (
    "TOKCOST_PATH",
    "TOKCOST_HOOKS",
    "TOKCOST_NOTES",
    "TOKCOST_NOW",
    "TOKCOST_PARENT",
    "TOKCOST_TERMINAL",
)
"""Variables that our programs set for each other, or that tests set for them."""

CHOICES = {
    "precision": ("coarse", "exact"),
    "budgetunchecked": ("block", "pass"),
    "placement": ("auto", "end"),
}
"""The allowed values of a setting in the configuration, by its name in lower case. Budgets are checked where they
are read."""
TRUE_OR_FALSE = ("enabled", "models", "estimates", "budgetverbose")
"""Settings, likewise, whose value is true or false."""
