"""The colours of four themes of VS Code, as far as the page asks for them: values of its own theme files."""

_COMMON = {"font-family": "system-ui, sans-serif", "font-size": "13px", "editor-font-family": "monospace"}
_DARK = {
    "foreground": "#cccccc", "descriptionForeground": "#9d9d9d", "editor-background": "#1f1f1f",
    "panel-border": "#2b2b2b", "widget-border": "#313131", "editorWidget-background": "#202020",
    "dropdown-foreground": "#cccccc", "dropdown-background": "#313131", "dropdown-border": "#3c3c3c",
    "button-secondaryForeground": "#cccccc", "button-secondaryBackground": "#313131",
    "button-secondaryHoverBackground": "#3c3c3c", "focusBorder": "#0078d4", "textLink-foreground": "#4daafc",
    "textLink-activeForeground": "#4daafc", "tree-tableColumnsBorder": "#cccccc20",
    "list-hoverBackground": "#2a2d2e", "charts-blue": "#59a4f9", "charts-green": "#89d185",
    "charts-yellow": "#cca700", "charts-purple": "#b180d7", "charts-red": "#f14c4c", "charts-orange": "#d18616",
}  # fmt: skip
_LIGHT = _DARK | {
    "foreground": "#3b3b3b", "descriptionForeground": "#3b3b3bcc", "editor-background": "#ffffff",
    "panel-border": "#e5e5e5", "widget-border": "#e5e5e5", "editorWidget-background": "#f8f8f8",
    "dropdown-foreground": "#3b3b3b", "dropdown-background": "#ffffff", "dropdown-border": "#cecece",
    "button-secondaryForeground": "#3b3b3b", "button-secondaryBackground": "#e5e5e5", "focusBorder": "#005fb8",
    "textLink-foreground": "#005fb8", "textLink-activeForeground": "#005fb8", "charts-blue": "#1a85ff",
    "charts-green": "#388a34", "charts-yellow": "#bf8803", "charts-purple": "#652d90", "charts-red": "#e51400",
}  # fmt: skip
_HIGH = {
    "foreground": "#ffffff", "descriptionForeground": "#ffffffb3", "editor-background": "#000000",
    "contrastBorder": "#6fc3df", "dropdown-foreground": "#ffffff", "dropdown-background": "#000000",
    "button-secondaryForeground": "#ffffff", "focusBorder": "#f38518", "textLink-foreground": "#21a6ff",
    "textLink-activeForeground": "#21a6ff", "editorWidget-background": "#0c141f",
}  # fmt: skip
_HIGH_LIGHT = _HIGH | {
    "foreground": "#292929", "descriptionForeground": "#292929b3", "editor-background": "#ffffff",
    "contrastBorder": "#0f4a85", "dropdown-foreground": "#292929", "dropdown-background": "#ffffff",
    "button-secondaryForeground": "#292929", "focusBorder": "#006bbd", "textLink-foreground": "#0f4a85",
    "textLink-activeForeground": "#0f4a85", "editorWidget-background": "#ffffff",
}  # fmt: skip
THEMES = {
    "vscode-dark": _COMMON | _DARK,
    "vscode-light": _COMMON | _LIGHT,
    "vscode-high-contrast": _COMMON | _DARK | _HIGH,
    "vscode-high-contrast-light": _COMMON | _LIGHT | _HIGH_LIGHT,
}
"""By the class that the editor gives the body."""


def style_of(theme: str) -> str:
    """The style sheet by which a page has the colours of a theme."""
    values = "".join(f"--vscode-{name}: {value};" for name, value in THEMES[theme].items())
    return f":root {{ {values} }} body {{ background: var(--vscode-editor-background); }}"
