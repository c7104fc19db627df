import { describe, expect, it } from 'vitest';
import { readDemoOptions } from '../../../tools/demo/options.js';

describe('the command line of the demo', () => {
  it('takes servers of the user by URL', () => {
    const { upstream, downstream, keep } = readDemoOptions([
      '--upstream',
      'mysql://root:p%40ss%2Fword@db.example:3307',
      '--downstream=mysql://[::1]',
      '--keep',
    ]);
    expect(upstream).toEqual({ host: 'db.example', port: 3307, user: 'root', password: 'p@ss/word' });
    expect(downstream).toEqual({ host: '::1', port: 3306, user: 'root', password: '' });
    expect(keep).toBe(true);
  });

  it('starts servers of its own where none is named', () => {
    expect(readDemoOptions([])).toMatchObject({ keep: false, help: false });
    expect(readDemoOptions([]).upstream).toBeUndefined();
  });

  it.each(['root:secret@db', 'http://root:secret@db', 'mysql://'])('refuses %s without repeating it', (url) => {
    expect(() => readDemoOptions(['--upstream', url])).toThrow(/^--upstream (is no URL|must begin)/);
    expect(() => readDemoOptions(['--upstream', url])).not.toThrow(/secret/);
  });
});
