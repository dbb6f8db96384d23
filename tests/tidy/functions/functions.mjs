// Prints {"FILE": [["NAME", LINES]...]} for the TypeScript files named on standard input, one a line. Called by check.py,
// with the tree's folder as its argument: the compiler is the one that builds the pages. Writes nothing.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const ts = createRequire(`${process.argv[2]}/web-ui/package.json`)("typescript");

/** The name of a function: its own, or that of the variable or member that holds it; nothing for a passed one. */
function nameOf(node) {
  const named = node.name ?? node.parent?.name;
  if (ts.isConstructorDeclaration(node)) return "constructor";
  return named && ts.isIdentifier(named) ? named.text : undefined;
}

function functionsOf(file) {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body) {
      const name = nameOf(node);
      const line = (at) => source.getLineAndCharacterOfPosition(at).line;
      if (name) found.push([name, line(node.body.getEnd()) - line(node.body.getStart()) + 1]);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const files = readFileSync(0, "utf8").split("\n").filter(Boolean);
process.stdout.write(JSON.stringify(Object.fromEntries(files.map((file) => [file, functionsOf(file)]))));
