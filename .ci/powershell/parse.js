// Parses PowerShell files: node parse.js FOLDER-OF-THE-PARSER FILE…
// Prints each place that the grammar does not understand, and fails if there is one.
const fs = require("fs");
const path = require("path");

const [folder, ...files] = process.argv.slice(2);
const { Parser, Language } = require(path.join(folder, "tree-sitter.js"));

// A script that must not parse: if it does, the check itself is broken.
const broken = "if ($x) { Get-Item 'a'\n";

function* mistakes(node) {
  if (node.isError || node.isMissing) {
    yield node;
    return;
  }
  for (const child of node.children) {
    if (child.hasError || child.isMissing) {
      yield* mistakes(child);
    }
  }
}

async function main() {
  await Parser.init({ locateFile: (name) => path.join(folder, name) });
  const grammar = path.join(folder, "tree-sitter-powershell.wasm");
  const parser = new Parser();
  parser.setLanguage(await Language.load(fs.readFileSync(grammar)));
  const parse = (text) => parser.parse(text, null, {}).rootNode;

  if (![...mistakes(parse(broken))].length) {
    throw new Error("the parser accepts a script with a missing brace");
  }
  let found = 0;
  for (const file of files) {
    const text = fs.readFileSync(file, "utf8");
    for (const node of mistakes(parse(text))) {
      const { row, column } = node.startPosition;
      const line = text.split("\n")[row] ?? "";
      const what = node.isMissing ? `missing ${node.type}` : "not understood";
      console.log(`${file}:${row + 1}:${column + 1}: ${what}\n  ${line}\n  ${" ".repeat(column)}^`);
      found++;
    }
  }
  console.log(`${files.length} PowerShell scripts parsed, ${found} mistakes`);
  if (!files.length || found) {
    process.exit(1);
  }
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
