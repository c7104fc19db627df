// Writes the documents that are made from the code: docs/errors.md, docs/configuration.md, docs/schemas/*.json.
// Needs the compiled files: `npm run build` first.
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { renderConfigurationDocs, sourceJsonSchema, taskJsonSchema } from '../dist/src/config/document.js';
import { renderErrorDocs } from '../dist/src/errors/document.js';

const docs = new URL('../docs/', import.meta.url);
const options = { printWidth: 120, singleQuote: true, trailingComma: 'all' };

async function write(name, text, parser) {
  const target = new URL(name, docs);
  await mkdir(new URL('.', target), { recursive: true });
  await writeFile(target, await format(text, { ...options, parser }));
  console.log(`wrote ${fileURLToPath(target)}`);
}

await write('errors.md', renderErrorDocs(), 'markdown');
await write('configuration.md', renderConfigurationDocs(), 'markdown');
await write('schemas/task.schema.json', JSON.stringify(taskJsonSchema()), 'json');
await write('schemas/source.schema.json', JSON.stringify(sourceJsonSchema()), 'json');
