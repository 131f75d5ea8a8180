// Compiles sources that come through the standard input, in one process that stays.
"use strict";

const fs = require("fs");
const ts = require("typescript");

const SOURCE = "/program.ts";
const PRODUCT = "/program.js";
const folder = ts.sys.resolvePath(require.resolve("typescript") + "/..");
const target = ts.ScriptTarget[process.argv[1]];
// Where the libraries are told, errors are, too, but a program is made all the same.
const lib = process.argv[2];
const options = { target, skipLibCheck: true, ...(lib && { lib: [lib] }) };
const libraries = new Map();
let text = "";
let product = "";

function isLibrary(name) {
  return name.startsWith(folder + "/");
}

// What programs share is parsed once; of other files than these there are none.
function sourceFile(name) {
  if (name === SOURCE) return ts.createSourceFile(name, text, target);
  if (!isLibrary(name)) return undefined;
  if (!libraries.has(name)) {
    const content = ts.sys.readFile(name);
    libraries.set(name, content && ts.createSourceFile(name, content, target));
  }
  return libraries.get(name);
}

const host = {
  getSourceFile: sourceFile,
  fileExists: (name) => name === SOURCE || (isLibrary(name) && ts.sys.fileExists(name)),
  readFile: (name) => (name === SOURCE ? text : isLibrary(name) ? ts.sys.readFile(name) : undefined),
  directoryExists: () => false,
  getDirectories: () => [],
  getDefaultLibLocation: () => folder,
  getDefaultLibFileName: (given) => folder + "/" + ts.getDefaultLibFileName(given),
  getCurrentDirectory: () => "/",
  getCanonicalFileName: (name) => name,
  useCaseSensitiveFileNames: () => true,
  getNewLine: () => "\n",
  writeFile: (name, content) => {
    if (name === PRODUCT) product = content;
  },
};

function compile() {
  product = "";
  const program = ts.createProgram([SOURCE], options, host);
  const found = ts.sortAndDeduplicateDiagnostics([
    ...ts.getPreEmitDiagnostics(program),
    ...program.emit().diagnostics,
  ]);
  return ts.formatDiagnostics(found, host);
}

function read(size) {
  const data = Buffer.alloc(size);
  for (let done = 0; done < size; ) {
    const count = fs.readSync(0, data, done, size - done);
    if (count === 0) process.exit(0);
    done += count;
  }
  return data;
}

function field(content) {
  const size = Buffer.alloc(4);
  const data = Buffer.from(content);
  size.writeUInt32BE(data.length);
  return Buffer.concat([size, data]);
}

function write(data) {
  for (let done = 0; done < data.length; ) done += fs.writeSync(1, data, done);
}

compile(); // the libraries are read
write(Buffer.from("+"));
for (;;) {
  text = read(read(4).readUInt32BE()).toString();
  const errors = compile();
  const verdict = errors && !lib ? "-" : "+";
  const said = [Buffer.from(verdict), field("program"), field(errors)];
  write(Buffer.concat([...said, Buffer.from([0, 0, 0, 1]), field("program.js"), field(product)]));
}
