/** Imported before anything else: some libraries crash while being imported by an older Node. */
const major = Number(process.versions.node.split('.')[0]);
if (major < 22) {
  process.stderr.write(`Parley needs Node 22 or newer; this is ${process.version}. "npm run up" brings its own.\n`);
  process.exit(1);
}
