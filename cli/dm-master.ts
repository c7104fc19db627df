#!/usr/bin/env node
// The name is kept free for the HTTP server with DM's OpenAPI, metrics and web page; a later version brings it.
process.stderr.write(
  'dm-master is not part of this version: there is no leader to run, Temporal coordinates. Use dmctl and the Temporal Web UI.\n',
);
process.exitCode = 1;
