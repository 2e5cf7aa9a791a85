"""Whether texts can be read: the contrast between each and what is behind it, as the browser computed both."""

from typing import Any, NamedTuple

_SCRIPT = """root => {
  const parsed = said => {
    const [r, g, b, a = 1] = said.match(/[\\d.]+/g).map(Number);
    return said.startsWith("color(") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
  };
  const over = ([r, g, b, a], under) => [r, g, b].map((one, at) => one * a + under[at] * (1 - a));
  const behind = element => {
    if (element === null) {
      // The page of a webview is transparent: the editor lies behind it.
      const editor = document.createElement("i");
      editor.style.color = "var(--vscode-editor-background)";
      document.body.append(editor);
      const found = getComputedStyle(editor).color;
      editor.remove();
      return parsed(found).slice(0, 3);
    }
    const own = parsed(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own.slice(0, 3) : over(own, behind(element.parentElement));
  };
  const found = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    let element = walker.currentNode.parentElement;
    if (text === "" || element.closest("title, style, script, .hidden")) continue;
    if (element.matches("option")) element = element.selected ? element.closest("select") : null;
    if (!element?.checkVisibility({ visibilityProperty: true })) continue;
    const style = getComputedStyle(element);
    const background = behind(element);
    const colour = over(parsed(element.matches("text") ? style.fill : style.color), background);
    found.push([text, colour, background]);
  }
  return found;
}"""


class Contrast(NamedTuple):
    """One text that can be seen."""

    text: str
    ratio: float
    """As WCAG 2 defines it, from 1 to 21."""
    is_on_light: bool
    """Whether black could be read better than white on what is behind it."""


def contrasts(root: Any) -> list[Contrast]:
    """Every text within an element."""
    made: list[Contrast] = []
    for text, colour, background in root.evaluate(_SCRIPT):
        light, behind = _luminance(colour), _luminance(background)
        ratio = (max(light, behind) + 0.05) / (min(light, behind) + 0.05)
        made.append(Contrast(text, round(ratio, 2), behind > 0.179))
    return made


def _luminance(colour: list[float]) -> float:
    parts = [one / 255 for one in colour]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
