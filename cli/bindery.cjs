#!/usr/bin/env node
// The command `bindery`, of a clone and of the package, whose files are compiled.
require('./node-version.cjs');
const { existsSync } = require('node:fs');
const { join } = require('node:path');
import(existsSync(join(__dirname, 'main.js')) ? './main.js' : './main.ts');
