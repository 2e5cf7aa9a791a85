"""GitHub Copilot Chat, the extension of VS Code."""
