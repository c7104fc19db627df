import { describe, expect, it } from 'vitest';
import { archiveOfLines, archiveOfStanzas } from '../../../tools/parts/debian.js';

const DEFAULT = '/usr/share/keyrings/debian-archive-keyring.gpg';

describe('the Debian archive of the machine', () => {
  it.each([
    ['deb http://mirror.example/debian bookworm main\n', 'http://mirror.example/debian', DEFAULT],
    [
      '# x\ndeb [arch=amd64 signed-by=/k.gpg] https://m.example/debian/ sid main contrib',
      'https://m.example/debian/',
      '/k.gpg',
    ],
    [
      'deb http://s.example/debian-security x main\ndeb http://m.example/debian x main',
      'http://m.example/debian',
      DEFAULT,
    ],
  ])('is read from lines: %s', (text, uri, keyring) => {
    expect(archiveOfLines(text)).toEqual({ uri, keyring });
  });

  it.each([
    '#deb http://m.example/debian x main',
    'deb-src http://m.example/debian x main',
    'deb http://m.example/ubuntu x main',
    'deb http://m.example/debian x contrib',
  ])('is not %s', (text) => {
    expect(archiveOfLines(text)).toBeUndefined();
  });

  it('is read from stanzas, passing over other archives and disabled ones', () => {
    const stanza = (uri: string, more = ''): string =>
      `Types: deb\n# comment\nURIs: ${uri}\nSuites: bookworm bookworm-updates\nComponents: main\n${more}`;
    const text = [
      stanza('http://m.example/debian-security'),
      stanza('http://off.example/debian', 'Enabled: no\n'),
      stanza('http://m.example/debian', 'Signed-By: /k.gpg\n'),
    ].join('\n');
    expect(archiveOfStanzas(text)).toEqual({ uri: 'http://m.example/debian', keyring: '/k.gpg' });
    expect(archiveOfStanzas(stanza('http://m.example/ubuntu'))).toBeUndefined();
  });
});
