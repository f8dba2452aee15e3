import { readdirSync, readFileSync } from 'node:fs';

/** `sysconf(_SC_CLK_TCK)`, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/**
 * User and system time of a process and its threads so far, in ms. From the scheduler's own sum
 * (`/proc/PID/task/TID/sched`), of which `utime` + `stime` in `/proc/PID/stat` is the same in steps of
 * 10 ms; from there where the kernel does not show it. Time that the kernel spends on the process' packets within
 * its own calls is in it: over loopback that is the receiving half of TCP as well.
 */
export function cpuMs(pid: number): number {
  try {
    let sum = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const text = readFileSync(`/proc/${pid}/task/${thread}/sched`, 'utf8');
      const runtime = /^se\.sum_exec_runtime\s*:\s*([\d.]+)$/m.exec(text)?.[1];
      if (runtime === undefined) return ticksMs(pid);
      sum += Number(runtime);
    }
    return sum;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ticksMs(pid);
    throw error;
  }
}

/** `utime` + `stime` of proc(5), in ms. */
function ticksMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything; behind it, utime and stime are the fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1_024;
}
