import type { Command, Help, Option } from 'commander';

/** Width of the column of command names in DM's list of commands. */
const NAME_WIDTH = 15;

/** Help in the layout and wording of DM: usage, flags, global flags. */
export function formatHelp(command: Command, helper: Help): string {
  return command.parent === null ? rootHelp(command, helper) : commandHelp(command, helper);
}

function rootHelp(command: Command, helper: Help): string {
  const commands = helper
    .visibleCommands(command)
    .map((child) => `  ${child.name().padEnd(NAME_WIDTH)} ${helper.subcommandDescription(child)}`)
    .sort();
  return [
    helper.commandDescription(command),
    '',
    'Usage:',
    `  ${command.name()} [command]`,
    '',
    'Available Commands:',
    ...commands,
    '',
    'Special Commands:',
    ...optionLines(helper.visibleOptions(command).filter((option) => isSpecial(option))),
    '',
    'Flags:',
    ...optionLines(helper.visibleOptions(command).filter((option) => !isSpecial(option))),
    '',
    `Use "${command.name()} [command] --help" for more information about a command.`,
    '',
  ].join('\n');
}

function isSpecial(option: Option): boolean {
  return option.long === '--encrypt' || option.long === '--decrypt';
}

function commandHelp(command: Command, helper: Help): string {
  const children = helper.visibleCommands(command).filter((child) => child.name() !== 'help');
  const lines = [helper.commandDescription(command), '', 'Usage:', `  ${usageOf(command)}`, ''];
  if (children.length > 0) {
    lines.push('Available Commands:');
    lines.push(
      ...children.map((child) => `  ${child.name().padEnd(NAME_WIDTH)} ${helper.subcommandDescription(child)}`),
    );
    lines.push('');
  }
  lines.push('Flags:', ...optionLines(helper.visibleOptions(command)), '');
  lines.push(
    'Global Flags:',
    // The others concern the connection; the help of dmctl itself tells of them.
    ...optionLines(helper.visibleGlobalOptions(command).filter((option) => option.long === '--source')),
    '',
  );
  return lines.join('\n');
}

function usageOf(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return `${names.join(' ')} ${command.usage()} [flags]`.replaceAll(/ +/g, ' ');
}

function optionLines(options: readonly Option[]): string[] {
  const terms = options.map((option) => [termOf(option), option.description] as const);
  const width = Math.max(0, ...terms.map(([term]) => term.length));
  return terms.map(([term, description]) => `  ${term.padEnd(width)} ${description}`.trimEnd());
}

/** `-s, --source strings`, in the way of DM's flags: the kind of value stands bare. */
function termOf(option: Option): string {
  const flags = option.flags.replaceAll(/[<>[\]]/g, '');
  return option.short === undefined ? `    ${flags}` : flags;
}
