"""GitHub Copilot Chat, the VS Code extension."""
