/** What every bench prints, and how it gets into bench/results.md. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..', '..');
const RESULTS = join(ROOT, 'bench', 'results.md');

/** The hardware and software that the figures came from. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** Instruction sets that matter to INT8. */
  readonly instructionSets: string;
  readonly system: string;
  readonly node: string;
}

/** A figure held against what it should reach. */
export interface Goal {
  readonly name: string;
  readonly value: number;
  readonly op: '<=' | '>=';
  readonly goal: number;
  readonly holds: boolean;
}

/** What a bench prints with --json. */
export interface Report {
  readonly bench: string;
  readonly commit: string;
  readonly machine: Machine;
  readonly figures: Readonly<Record<string, number>>;
  readonly goals: readonly Goal[];
  /** What a reader of the figures must know, such as what could not be measured. */
  readonly notes?: readonly string[];
}

/** Figures by name, and the goals they are held against. */
export type Outcome = Pick<Report, 'figures' | 'goals' | 'notes'> & {
  /** SVG, written beside results.md with --write. */
  readonly picture?: string;
};

/** A bench. */
export type Bench = () => Promise<Outcome>;

/** A goal and whether the value holds it. */
export function goal(name: string, value: number, op: Goal['op'], limit: number): Goal {
  return { name, value: round(value), op, goal: limit, holds: op === '<=' ? value <= limit : value >= limit };
}

/** Middle value of a list; the mean of the two middle ones when their number is even. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Quantile by linear interpolation between order statistics; NaN for an empty list. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** Four significant digits: more would be noise. */
export function round(value: number): number {
  return Number(value.toPrecision(4));
}

/** Puts a bench's outcome together with the commit and the machine. */
export function makeReport(bench: string, { figures, goals, notes = [] }: Outcome): Report {
  const rounded = Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, round(value)]));
  return { bench, commit: commit(), machine: machine(), figures: rounded, goals, notes };
}

function commit(): string {
  try {
    const hash = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
    const changed = execFileSync('git', ['status', '--porcelain', 'src', 'models', 'prisma'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    return changed === '' ? hash : `${hash}+changes`;
  } catch {
    return 'unknown';
  }
}

function machine(): Machine {
  const info = readFileSync('/proc/cpuinfo', 'utf8');
  const flags = /^flags\s*:\s*(.*)$/m.exec(info)?.[1]?.split(' ') ?? [];
  const wanted = ['avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'amx_int8'];
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    instructionSets: wanted.filter((flag) => flags.includes(flag)).join(' '),
    system: `Linux ${release()}`,
    node: process.version,
  };
}

/** The report as a section of results.md. */
export function markdown(report: Report): string {
  const { machine: m } = report;
  const figures = Object.entries(report.figures).map(([name, value]) => `| ${name} | ${value} |`);
  const goals = report.goals.map(
    ({ name, value, op, goal: limit, holds }) =>
      `| ${name} | ${value} | ${op} ${limit} | ${holds ? 'yes' : '**no**'} |`,
  );
  return [
    `## ${report.bench}`,
    '',
    `Commit ${report.commit}; ${m.processor}, ${m.cores} cores (${m.instructionSets}), ${m.memoryGiB} GiB, ${m.system}, Node ${m.node}.`,
    '',
    '| figure | value |',
    '|---|---|',
    ...figures,
    '',
    '| goal | value | wanted | holds |',
    '|---|---|---|---|',
    ...goals,
    '',
    ...(report.notes ?? []).flatMap((note) => [note, '']),
  ].join('\n');
}

/** Puts the section of this bench into results.md, in place of an earlier one, and its picture beside it. */
export function writeResults(report: Report, picture: string | undefined): void {
  if (picture !== undefined) writeFileSync(join(ROOT, 'bench', `${report.bench}.svg`), picture);
  const text = readFileSync(RESULTS, 'utf8');
  const sections = text.split(/^(?=## )/m);
  const others = sections.filter((section) => !section.startsWith(`## ${report.bench}\n`));
  const [head = '', ...rest] = others;
  const all = [...rest.map((section) => section.trimEnd()), markdown(report).trimEnd()].sort();
  writeFileSync(RESULTS, `${[head.trimEnd(), ...all].join('\n\n')}\n`);
}
