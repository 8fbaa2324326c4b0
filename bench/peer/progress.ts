/**
 * Counts what this process has done. Whoever started it asks with a number and is answered once so much is done, with the
 * processor time until then: nobody has to ask again and again, which would be counted too.
 */
export function countDone(): (more: number) => void {
  let done = 0;
  let asked: number | undefined;
  const answer = () => {
    if (asked === undefined || done < asked) return;
    asked = undefined;
    process.send?.({ ...process.cpuUsage(), done });
  };
  process.on('message', (until: number) => {
    asked = until;
    answer();
  });
  return (more) => {
    done += more;
    answer();
  };
}
