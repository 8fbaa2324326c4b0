/**
 * Counts the work of this process. The parent sends a number and gets one answer, with the processor time, when that much
 * is done. Polling for it would add to the processor time that is measured.
 */
export function countDone(): (more: number) => void {
  let done = 0;
  let target: number | undefined;
  const answer = () => {
    if (target === undefined || done < target) return;
    target = undefined;
    process.send?.({ ...process.cpuUsage(), done });
  };
  process.on('message', (until: number) => {
    target = until;
    answer();
  });
  return (more) => {
    done += more;
    answer();
  };
}
