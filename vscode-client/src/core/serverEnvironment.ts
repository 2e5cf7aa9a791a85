/** The environment that the server is started in. Pure: ours in, the server's out. */

type Environment = Readonly<Record<string, string | undefined>>;

/** Everything of ours, without a PYTHONPATH that may name what is open: nothing of a repository can be taken for a part
 * of the server. The language client passes on exactly this, and adds nothing. */
export function serverEnvironment(ours: Environment): Environment {
  const theirs = Object.entries(ours).filter(([name]) => name.toUpperCase() !== "PYTHONPATH");
  return { ...Object.fromEntries(theirs), PYTHONSAFEPATH: "1" };
}
