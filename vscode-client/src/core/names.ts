/** Names of repositories: short, and each of them another one. */

/** For each folder the shortest end of its path that no other one has. */
export function shortNames(uris: readonly string[]): Map<string, string> {
  const parts = new Map(uris.map((uri) => [uri, pieces(uri)]));
  const named = new Map<string, string>();
  for (const [uri, own] of parts) {
    const others = [...parts].filter(([other]) => other !== uri).map(([, pieces]) => pieces);
    let count = 1;
    while (count < own.length && others.some((other) => end(other, count) === end(own, count))) count++;
    named.set(uri, end(own, count));
  }
  return named;
}

function end(pieces: readonly string[], count: number): string {
  return pieces.slice(-count).join("/");
}

function pieces(uri: string): string[] {
  const path = uri.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "");
  return path
    .split("/")
    .filter((piece) => piece !== "")
    .map(readable);
}

function readable(piece: string): string {
  try {
    return decodeURIComponent(piece);
  } catch {
    return piece; // a name that only looks like an escape
  }
}
